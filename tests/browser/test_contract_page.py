"""The page of the contract, in a browser: its policy holds, and it sends examples."""

import socket
import threading

import pytest
import uvicorn

from tests.factories import tiny_artifact
from tests.serving.apps import app_of


@pytest.fixture
def served():
    """Yield the address of a service, and a key of it."""
    app = app_of(tiny_artifact())
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", app.key
        server.should_exit = True
        thread.join()


def test_an_example_is_sent_with_the_key_that_was_typed(page, served):
    address, key = served
    told, asked = [], []
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("#predict summary").click()
    page.locator("#predict button").click()
    page.locator("#predict output").get_by_text("missing_key").wait_for()
    page.locator("#key").fill(key)
    page.locator("#predict button").click()
    page.locator("#predict output").get_by_text('"decision"').wait_for()
    assert page.locator("#predict output").inner_text().startswith("200\n")
    assert not [line for line in told if "401" not in line]
    assert all(url.startswith(address) for url in asked)
    page.goto(f"{address}docs#schema-Customer")
    assert page.locator("#schema-Customer table").is_visible()
