"""Make an HTML page small without anything beside it: its scripts travel zipped."""

from __future__ import annotations

import base64
import gzip
import re

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

_LOADER = """<script>
(async () => {{
  const packed = "{packed}";
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.body.append(script);
}})().catch((error) => document.body.append("This page needs a browser of 2023 or "
  + "later (DecompressionStream): " + error));
</script>"""


def pack_scripts(html: str) -> str:
    """Return the page with all its inline scripts zipped into one.

    The browser inflates and runs them in their order once the body is there. No
    network, no second file. Scripts with attributes are left as they are.

    Args:
        html: A whole page with a `</body>`.

    Raises:
        ValueError: The page has no `</body>` to put the loader before.

    Examples:
        >>> page = pack_scripts("<body><script>let a = 1</script></body>")
        >>> "let a" in page, page.count("<script>"), page.endswith("</body>")
        (False, 1, True)
    """
    if "</body>" not in html:
        raise ValueError(
            f"expected a page with </body>, got {len(html)} characters without; "
            "pass the whole page"
        )
    scripts = "\n;\n".join(_SCRIPT.findall(html))
    # mtime=0: the same report gives the same bytes.
    packed = base64.b64encode(gzip.compress(scripts.encode(), 9, mtime=0)).decode()
    page = _SCRIPT.sub("", html)
    before, _, after = page.rpartition("</body>")
    return f"{before}{_LOADER.format(packed=packed)}</body>{after}"
