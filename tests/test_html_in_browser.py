"""The page of a report in a browser: it sorts, filters, opens, speaks and stays silent.

Chromium is driven without a window; where there is none, these tests say what to install.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pages import CRUEL, PAGES, large

import guidelines
from guidelines.report.html import outline
from guidelines.report.html.document import document

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium, without a window."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("no browser: apt-get install -y chromium chromium-driver")
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="no selenium: pip install -e '.[test]'"
    )
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (
        "headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
        "disable-background-networking", "disable-component-update", "disable-sync",
        "disable-dev-shm-usage", f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
        "window-size=1300,900",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(120)
    yield driver
    driver.quit()


class Opened:
    """A page in the browser, which must stay without errors and requests."""

    def __init__(self, driver: Any, page: str, folder: Path, fragment: str = "") -> None:
        self.driver = driver
        file = folder / "report.html"
        file.write_text(page, encoding="utf-8")
        driver.get("about:blank")
        driver.get_log("browser")
        driver.get_log("performance")
        self.url = file.as_uri()
        driver.get(self.url + fragment)

    def js(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)  # type: ignore[no-any-return]

    def one(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def click(self, selector: str) -> None:
        event = "new MouseEvent('click', {bubbles: true, cancelable: true})"
        self.js(f"arguments[0].dispatchEvent({event})", self.one(selector))

    def type(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def wait(self, script: str) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 60).until(lambda _: self.js(f"return {script}"))

    def rows(self) -> list[str]:
        """Names of the layers that the first table shows, in its order."""
        return self.js(  # type: ignore[no-any-return]
            "return [...document.querySelector('table.layers tbody').rows]"
            ".filter((row) => !row.hidden).map((row) => row.innerText)"
        )

    def check(self) -> None:
        """No line on the console, nothing asked of anybody."""
        assert [e["message"] for e in self.driver.get_log("browser")] == []
        events = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        assert {url.partition("#")[0] for url in asked} <= {self.url, "data:,"}


@pytest.fixture
def example(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    page = Opened(browser, PAGES["one"](), tmp_path)
    yield page
    page.check()


@pytest.mark.parametrize("name", PAGES)
def test_renders_without_errors_or_requests(browser: Any, tmp_path: Path, name: str) -> None:
    page = Opened(browser, PAGES[name](), tmp_path)
    assert page.one("main").is_displayed()
    assert page.one(".theme").is_displayed()
    assert page.js("return window.pwned") is None
    assert page.js("return document.querySelectorAll('img, script:not([type])').length") == 1
    page.check()


def test_sorts(example: Opened) -> None:
    before = example.rows()
    head = "table.layers thead th:nth-child(8)"
    example.click(f"{head} button")
    assert example.one(head).get_attribute("aria-sort") == "descending"
    moved = example.js(
        "return [...document.querySelectorAll('table.layers tbody td:nth-child(8)')]"
        ".map((cell) => Number(cell.dataset.v))"
    )
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > moved[-1]
    example.click(f"{head} button")
    assert example.one(head).get_attribute("aria-sort") == "ascending"
    example.click(f"{head} button")
    assert example.one(head).get_attribute("aria-sort") is None
    assert example.rows() == before
    example.click("table.layers thead th:nth-child(2) button")
    names = [row.split("\t")[1] for row in example.rows()]
    assert names == sorted(names)
    assert len(set(names)) > 3


def test_filters_and_searches(example: Opened) -> None:
    search = example.one(".layers input[type=search]")
    search.send_keys("features.2 conv")
    assert len(example.rows()) == 3
    assert example.one(".layers output").text == "3 of 152 layers"
    dimmed = example.js("return document.querySelectorAll('.map a.box.dim').length")
    assert dimmed == 20
    search.clear()
    search.send_keys(" ")
    example.js(
        "const select = document.querySelector('.layers select'); select.value = 'BatchNorm';"
        "select.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert len(example.rows()) == 52
    example.click(".layers output + button")
    assert len(example.rows()) == 152
    example.one(".layers input[type=checkbox]").click()
    assert all("G" in row for row in example.rows())
    assert 0 < len(example.rows()) < 60


def test_a_block_opens(example: Opened) -> None:
    example.click('.map a.box[aria-label^="features.2:"]')
    panel = example.one(".panel")
    example.wait("!document.querySelector('.panel').hidden")
    assert panel.is_displayed()
    text = panel.text
    assert "depthwise 3×3 on 96 channels" in text  # this block's own message, not the worst one's
    assert "balanced, 40→40" in text
    assert "8 layers" in text
    example.click(".panel details summary")
    example.js("document.querySelector('.panel details').open = true")
    example.wait("document.querySelector('.panel details math')")
    formulas = [each.text for each in example.all(".panel details:first-of-type .formula")]
    bound = formulas[-1]
    assert "bound" in bound
    assert "984,781" in bound
    assert "19,267,584" in bound
    assert "It moves 1.43× this bound." in panel.text
    assert "1,406,464" in formulas[-2]
    shapes = example.js(
        "return [...document.querySelectorAll('.panel math')].map((m) => m.namespaceURI)"
    )
    assert set(shapes) == {"http://www.w3.org/1998/Math/MathML"}
    # a box inside opens in its place, and the way back is a link
    example.click(".panel .map a.box")
    example.wait("document.querySelector('.panel .trail')")
    assert "Conv 16→96 1×1" in panel.text
    example.click(".panel .trail a")
    example.wait("!document.querySelector('.panel .trail')")
    example.click(".panel > button:not(.close)")
    assert len(example.rows()) == 8
    example.click(".panel .map a.box")
    example.click(".panel .close")
    assert not panel.is_displayed()
    label = example.js("return document.activeElement.getAttribute('aria-label')")
    assert label.startswith("features.2:")  # the box of the drawing that the closed one is in


def test_findings_rows_and_addresses_lead_to_blocks(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, PAGES["one"](), tmp_path)
    page.click(".places a")
    page.wait("!document.querySelector('.panel').hidden")
    fragment = page.js("return location.hash")
    title = page.one(".panel h3").text
    again = Opened(browser, PAGES["one"](), tmp_path, fragment)
    again.wait("!document.querySelector('.panel').hidden")
    assert again.one(".panel h3").text == title
    assert len(again.all(".map a.box[aria-current]")) == 1
    again.click("table.layers tbody tr:nth-child(30) a")
    again.wait(f"location.hash !== {fragment!r}")
    again.click(".code a[href='#rule-G402']")
    again.wait("document.getElementById('rule-G402').open")
    again.check()


def test_keyboard(example: Opened) -> None:
    from selenium.webdriver.common.keys import Keys

    example.type(Keys.TAB)
    assert example.js("return document.activeElement.className") == "skip"
    stops = example.js("return document.querySelectorAll('.map a.box[tabindex=\"0\"]').length")
    assert stops == 1
    example.js("document.querySelector('.map a.box').focus()")
    example.type(Keys.ARROW_DOWN)
    example.type(Keys.ARROW_DOWN)
    label = "return document.activeElement.getAttribute('aria-label')"
    assert example.js(label).startswith("features.2:")
    example.type(Keys.ARROW_RIGHT)
    assert example.js(label).startswith("features.10:")
    example.type(Keys.ARROW_LEFT)
    example.type(Keys.END)
    assert example.js(label).startswith("classifier") or "Gemm" in example.js(label)
    example.type(Keys.HOME)
    example.type(Keys.ARROW_DOWN)
    example.type(Keys.ENTER)
    example.wait("!document.querySelector('.panel').hidden")
    assert example.js("return document.activeElement.textContent") == "features.1"
    example.type(Keys.ESCAPE)
    assert not example.one(".panel").is_displayed()
    assert example.js(label).startswith("features.1:")


def test_shades(example: Opened) -> None:
    box = '.map a.box[aria-label^="features.2:"]'
    assert "shade-6" in example.one(box).get_attribute("class")
    assert "19.1%" in example.one(box).text
    example.click(".graph input[value=madds]")
    assert "9.7%" in example.one(box).text
    example.click(".graph input[value=findings]")
    assert "level-warning" in example.one(box).get_attribute("class")
    assert "▲" in example.one(box).text
    clean = '.map a.box[aria-label^="features.1:"]'
    assert "level-none" in example.one(clean).get_attribute("class")


def test_light_and_dark(browser: Any, tmp_path: Path) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    scheme = "Emulation.setEmulatedMedia"

    def prefer(value: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": value}]
        browser.execute_cdp_cmd(scheme, {"features": features})

    try:
        prefer("light")
        page = Opened(browser, PAGES["one"](), tmp_path)
        light = page.js(ground)
        prefer("dark")
        dark = page.js(ground)
        assert light != dark
        page.one(".theme").click()  # from auto to light
        assert page.js(ground) == light
        page.one(".theme").click()  # to dark
        prefer("light")
        assert page.js(ground) == dark
        browser.refresh()
        assert page.one(".theme").text == "Theme: dark"
        assert page.js(ground) == dark
        page.one(".theme").click()
        assert page.js(ground) == light
        page.check()
    finally:
        browser.execute_cdp_cmd(scheme, {"features": []})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(browser: Any, tmp_path: Path, theme: str) -> None:
    """The contrast of text on what is behind it, at least 4.5 to 1 (WCAG 2, AA)."""
    page = Opened(browser, PAGES["one"](), tmp_path)
    page.js("document.documentElement.dataset.theme = arguments[0]", theme)
    colours = page.js("""
      const probe = document.body.appendChild(document.createElement("p"));
      return Object.fromEntries(arguments[0].map((name) => {
        probe.style.color = `var(--${name})`;
        return [name, getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number)];
      }));""", [
        "ink", "soft", "link", "error", "warning", "note", "clean", "ground", "card", "faint",
        *(f"shade-{step}" for step in range(7)), "added", "removed", "changed", "error-face",
        "warning-face", "note-face",
    ])  # fmt: skip

    def light(colour: list[int]) -> float:
        parts = [part / 255 for part in colour]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    pairs = [(text, ground) for text in ("ink", "soft", "link", "error", "warning", "note", "clean")
             for ground in ("ground", "card")]  # fmt: skip
    pairs += [("ink", f"shade-{step}") for step in range(7)]
    pairs += [("ink", f"{name}-face") for name in ("error", "warning", "note")]
    pairs += [("ink", name) for name in ("added", "removed", "changed", "faint")]
    weak = {}
    for text, ground in pairs:
        low, high = sorted((light(colours[text]), light(colours[ground])))
        ratio = (high + 0.05) / (low + 0.05)
        if ratio < 4.5:
            weak[text, ground] = round(ratio, 2)
    assert weak == {}


def test_hostile_names_are_shown_and_do_nothing(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, PAGES["cruel"](), tmp_path)
    for box in page.js(
        "return [...document.querySelectorAll('.stage > .map a.box')].map((b) => b.id)"
    ):
        page.click(f"#{box}")
        page.wait("!document.querySelector('.panel').hidden")
        page.js("document.querySelectorAll('.panel details').forEach((d) => { d.open = true; })")
    page.one(".layers input[type=search]").send_keys("window.pwned")
    assert page.rows()
    assert page.js("return window.pwned") is None
    assert page.js("return document.querySelectorAll('img').length") == 0
    assert CRUEL in page.js("return document.body.textContent")
    page.check()


def test_two_thousand_nodes_stay_usable(browser: Any, tmp_path: Path) -> None:
    graph = large()
    assert len(graph) >= 2000
    page = Opened(browser, document(guidelines.lint(graph)), tmp_path)
    assert len(page.all(".stage > .map a.box")) <= outline.MOST
    page.click(".stage > .map a.box:last-of-type")
    page.wait("!document.querySelector('.panel').hidden")
    assert page.all(".panel .map a.box")
    page.one(".layers input[type=search]").send_keys("conv_100")
    assert 0 < len(page.rows()) < 40
    page.click("table.layers thead th:nth-child(5) button")
    page.check()


@pytest.mark.parametrize("name", ["one", "two, and a failure", "diff"])
def test_fits_a_narrow_window(browser: Any, tmp_path: Path, name: str) -> None:
    metrics = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = Opened(browser, PAGES[name](), tmp_path)
        page.click(".stage > .map a.box")
        page.wait("!document.querySelector('.panel').hidden")
        assert page.js("return document.documentElement.scrollWidth") <= 400
        page.check()
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_prints_without_what_only_a_screen_needs(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, PAGES["one"](), tmp_path)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.one(".theme").is_displayed()
        assert not page.one(".hint").is_displayed()
        box = page.one(".layers .scroll")
        assert page.js("return arguments[0].scrollHeight - arguments[0].clientHeight", box) <= 1
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_table_and_graph_speak(example: Opened) -> None:
    """What a screen reader is told: headers of rows and columns, names of regions and of boxes."""
    assert example.all("table.layers caption")
    cells = example.js(
        "return [...document.querySelectorAll('table.layers th')].filter((th) => !th.scope).length"
    )
    assert cells == 0
    unnamed = example.js(
        "return [...document.querySelectorAll('[role=img], [role=region], [role=group], aside, nav,"
        " a.box')].filter((e) => !e.getAttribute('aria-label')).length"
    )
    assert unnamed == 0
    label = example.one('.map a.box[aria-label^="features.2:"]').get_attribute("aria-label")
    assert label == (
        "features.2: 8 layers · 1×24×56×56, 19.1% of the fused memory access, 3 findings, warning"
    )
    headings = example.js(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
    )
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_two_networks_stand_beside_each_other(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, PAGES["diff"](), tmp_path)
    assert "16→24 channels" in page.one(".comparison").text
    left, right = page.all(".beside > .model")
    assert abs(left.rect["y"] - right.rect["y"]) < 2
    assert right.rect["x"] >= left.rect["x"] + left.rect["width"]
    changed_boxes = [
        box.get_attribute("aria-label")
        for box in right.find_elements("css selector", ".stage > .map a.box.is-changed")
    ]
    assert changed_boxes
    assert all("changed" in each for each in changed_boxes)
    assert any(each.startswith("block.1") for each in changed_boxes)
    assert not any(each.startswith("block.0") for each in changed_boxes)
    page.click(".beside > .model:last-child .stage > .map a.box.is-changed")
    page.wait("!document.querySelector('.beside > .model:last-child .panel').hidden")
    page.click(".beside > .model:last-child input[value=traffic]")
    page.check()
