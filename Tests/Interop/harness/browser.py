"""Debian's Chromium, headless, with what the tests of the console ask of a page."""

import base64
import os
import pathlib
import shutil

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

ROOT = pathlib.Path(__file__).resolve().parents[3]
# What was seen, for people to look at: not committed.
SCREENSHOTS = pathlib.Path(os.environ.get("MILLRACE_SCREENSHOTS", ROOT / "build" / "screenshots"))
# A loaded machine may take its time.
PATIENCE = 40


class Browser:
    """One window. Pages are asked for by paths of the server's admin port."""

    def __init__(self, base):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                         "--disable-extensions", "--disable-background-networking", "--disable-component-update",
                         "--force-color-profile=srgb", "--lang=en-GB", "--window-size=1280,900"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.base = base
        self.driver = webdriver.Chrome(options=options, service=Service(executable_path=shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(PATIENCE)
        self.driver.set_script_timeout(PATIENCE)

    def close(self):
        self.driver.quit()

    # Where and how

    def open(self, path):
        self.driver.get(self.base + path)
        return self

    def narrow(self, is_narrow=True):
        if is_narrow:
            self._devtools("Emulation.setDeviceMetricsOverride",
                           {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
        else:
            self._devtools("Emulation.clearDeviceMetricsOverride", {})
        return self

    def dark(self, is_dark=True):
        value = "dark" if is_dark else "light"
        self._devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": value}]})
        return self

    def scripts(self, are_run):
        self._devtools("Emulation.setScriptExecutionDisabled", {"value": not are_run})
        return self

    def _devtools(self, command, parameters):
        self.driver.execute_cdp_cmd(command, parameters)

    # What is there

    @property
    def path(self):
        return self.driver.current_url[len(self.base):]

    @property
    def title(self):
        return self.driver.title

    @property
    def text(self):
        return self.find("body").text

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition, what="the page to change"):
        """Waits for a condition of this browser, which may fail while elements come and go."""
        wait = WebDriverWait(self.driver, PATIENCE, poll_frequency=0.1, ignored_exceptions=(Exception,))
        try:
            return wait.until(lambda _: condition(self))
        except TimeoutException:
            raise AssertionError(f"waited for {what}; {self.path} has: {self.text[:1500]}") from None

    def picture(self, name, whole=True):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        if whole:
            size = self.run("return [innerWidth, document.documentElement.scrollHeight]")
            height = max(500, min(2600, size[1]))
            picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
                "format": "png", "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1}})
            (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
        else:
            self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def complaints(self):
        """What the browser wrote down: errors of scripts, refusals of the content security policy, what did not load."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "favicon.ico" not in entry["message"]]

    def defects(self):
        """What makes a page hard to use with a keyboard, a screen reader or a narrow screen."""
        return self.run("""
            const found = [];
            const name = (node) => (node.getAttribute("aria-label") || node.title || node.textContent || "").trim();
            for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
              if (!field.labels?.length && !field.getAttribute("aria-label")) found.push("no label: " + field.outerHTML);
            for (const node of document.querySelectorAll("a, button, summary"))
              if (!name(node)) found.push("no name: " + node.outerHTML);
            for (const picture of document.querySelectorAll("svg"))
              if (!picture.getAttribute("aria-label") && picture.getAttribute("aria-hidden") !== "true")
                found.push("no name: svg");
            const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
            for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) found.push("twice: #" + id);
            for (const table of document.querySelectorAll("table"))
              if (!table.querySelector("th")) found.push("a table without heads");
            if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
            if (!document.documentElement.lang || !document.title) found.push("no language or title");
            const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
            if (wide > 1) {
              const nodes = [...document.querySelectorAll("main *")].filter((node) =>
                node.getBoundingClientRect().right > document.documentElement.clientWidth + 1
                && !node.closest(".scroll, nav, pre"));
              found.push("wider than the screen by " + wide + ": " + nodes.slice(0, 3).map((n) => n.outerHTML.slice(0, 90)));
            }
            for (const node of document.querySelectorAll("script:not([src]), style, [style]"))
              if (node.tagName !== "STYLE" || node.sheet?.cssRules.length) found.push("in line: " + node.outerHTML.slice(0, 90));
            return found;
        """)
