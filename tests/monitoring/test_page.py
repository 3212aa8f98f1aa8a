"""A packed page is small and runs its scripts in their order."""

import base64
import gzip
import re

import pytest

from churn_pipeline.monitoring.page import pack_scripts

PAGE = """<head><script>var a = "é";</script></head>
<body><div id="x"></div><script>var b = a</script>
<script src="kept.js"></script></body></html>"""


def test_scripts_are_zipped_in_order_and_the_rest_is_kept():
    packed = pack_scripts(PAGE)
    content = re.search(r'packed = "([^"]+)"', packed)[1]
    unzipped = gzip.decompress(base64.b64decode(content)).decode()
    assert unzipped == 'var a = "é";\n;\nvar b = a'
    assert '<script src="kept.js">' in packed
    assert '<div id="x">' in packed


def test_the_same_page_packs_to_the_same_text():
    assert pack_scripts(PAGE) == pack_scripts(PAGE)


def test_a_page_without_a_body_is_refused():
    with pytest.raises(ValueError, match="expected a page with </body>"):
        pack_scripts("<p>")
