"""A real Chromium, spoken to through its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.client import connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build/screenshots"
KEYS = {"ArrowDown": 40, "ArrowUp": 38, "Enter": 13, "Escape": 27}


class Browser:
    def __init__(self, profile):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        assert program, f"none of {NAMES} is installed"
        flags = ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
                 "disable-component-update", "disable-sync", f"user-data-dir={profile}", "remote-debugging-port=0")
        self.process = subprocess.Popen([program, *(f"--{flag}" for flag in flags), "about:blank"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        where = Path(profile) / "DevToolsActivePort"
        deadline = time.monotonic() + 30
        while not (where.exists() and "\n" in where.read_text()):
            assert time.monotonic() < deadline, "Chromium does not start"
            time.sleep(0.1)
        self.address = f"http://127.0.0.1:{where.read_text().splitlines()[0]}"

    def page(self, width=1280, height=800, dark=False):
        made = urllib.request.urlopen(urllib.request.Request(f"{self.address}/json/new?about:blank", method="PUT"))
        return Page(json.load(made)["webSocketDebuggerUrl"], width, height, dark)

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Page:
    def __init__(self, address, width, height, dark):
        self.open = ExitStack()
        self.socket = self.open.enter_context(connect(address, max_size=None))
        self.last_id = 0
        self.requests = []  # URLs
        self.errors = []    # exceptions, console errors, what the content security policy refused
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        # A page that another one took the focus from (the last test's, while it closes) gets no focus and blur events.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.resize(width, height)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def call(self, method, **parameters):
        self.last_id += 1
        self.socket.send(json.dumps({"id": self.last_id, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=60))
            if message.get("id") == self.last_id:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"].get("exception", {}).get("description", str(parameters)))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
            self.errors.append(str(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])

    def goto(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def eval(self, script):
        """The value of an expression; promises are awaited."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script, seconds=20):
        """The first truthy value of an expression."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.eval(script)
            if value:
                return value
            assert time.monotonic() < deadline, f"never true: {script}\n{self.errors}\n{self.eval('document.body.innerText')}"
            time.sleep(0.05)

    def text(self, selector):
        return self.eval(f"document.querySelector({json.dumps(selector)})?.innerText")

    def click(self, selector):
        x, y = self.wait(f"(() => {{ const box = document.querySelector({json.dumps(selector)})?.getBoundingClientRect();"
                         " return box?.width && [box.x + box.width / 2, box.y + box.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def key(self, name):
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=KEYS[name])

    def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        shot = self.call("Page.captureScreenshot", format="png")
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.call("Page.close")
        self.open.close()
