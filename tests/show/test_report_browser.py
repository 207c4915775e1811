"""The page in a real browser: hostile names stay text, nothing runs or is fetched, and it fits a phone."""

from __future__ import annotations

import csv
import os
import shutil

import pytest
from selenium import webdriver

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="no Chromium here")

# Besides: in containers shared memory is small, and the browser's own calls to the network are none of the page's.
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=document.title='owned'>",
    "'-document.title-'",
    "{{ 7*7 }}{% raw %}",
    "</title></style><h1>forged</h1>",
    "javascript:alert(1)",
    "$x^2$ & &lt;b&gt;",
    "\u202egnp.exe\x1b[31m",
]


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def opened(browser, path, width, *, dark=False):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get(f"file://{os.path.abspath(path)}")
    return browser


@pytest.fixture
def page(here, tmp_path):
    """A page full of names that mean harm: columns, slices, classes, keys."""
    with open(tmp_path / "d.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow([HOSTILE[0], HOSTILE[1], HOSTILE[2], "<b>w"])
        out.writerows([label, pred, name, 1] for name in HOSTILE for label, pred in ((1, 2), (3, 5)))
    ran = here(
        "report", "d.csv", "-p", HOSTILE[1], "-y", HOSTILE[0], "-l", "mse", "-l", "hamming", "-l", "mcc", "--by",
        HOSTILE[2], "-w", "<b>w", "-o", "r.html",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return tmp_path / "r.html"


def test_names_that_mean_harm_are_text(browser, page):
    opened(browser, page, 1280)
    assert browser.title == "mse, hamming, mcc – losscli"
    body = browser.execute_script("return document.body.textContent")
    for name in HOSTILE[:8]:
        assert name in body
    assert "\\x1b[31m" in body
    assert "\x1b" not in body
    assert "\u202e" not in body
    count = browser.execute_script(
        "return document.querySelectorAll('script, img, [onerror], [onload], h1:not(header h1)').length"
    )
    assert count == 0
    assert browser.get_log("browser") == []
    # Nothing but the page itself was asked for.
    assert browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)") == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_its_width_in_light_and_dark(browser, page, width, dark, tmp_path):
    opened(browser, page, width, dark=dark)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    colours = browser.execute_script(
        "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor, getComputedStyle("
        "document.querySelector('figure svg text')).fill]"
    )
    assert colours[0] == colours[2]
    paper = [int(part) for part in colours[1].removeprefix("rgb(").removesuffix(")").split(",")]
    assert (max(paper) < 64) == dark
    assert browser.save_screenshot(str(tmp_path / f"{width}.png"))


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(browser, page):
    opened(browser, page, 390)
    found = browser.execute_script(
        "return [...document.querySelectorAll('.wide')].map(e => [e.tabIndex, e.getAttribute('aria-label')])"
    )
    assert found
    assert all(index == 0 and name for index, name in found)
    assert browser.execute_script("return [...document.querySelectorAll('figure')].every(f => f.ariaLabel)")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_of_a_comparison_shows_names_that_mean_harm_as_text_and_fits(browser, here, tmp_path, width):
    with open(tmp_path / "d.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["label", HOSTILE[0], HOSTILE[1], HOSTILE[2]])
        out.writerows([at, at + 1, at + at % 3, name] for name in HOSTILE for at in range(3))
    ran = here(
        "compare",
        "d.csv",
        "-p",
        HOSTILE[0],
        "-p",
        HOSTILE[1],
        "-l",
        "mae",
        "--by",
        HOSTILE[2],
        "-o",
        "c.html",
    )
    assert ran.code in (0, 1), ran.err
    opened(browser, tmp_path / "c.html", width)
    assert browser.title == "mae compared – losscli"
    body = browser.execute_script("return document.body.textContent")
    for name in HOSTILE[:8]:
        assert name in body
    assert (
        browser.execute_script("return document.querySelectorAll('script, img, svg, [onerror]').length") == 0
    )
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
