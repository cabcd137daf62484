"""A browser with a person before it: opens the page, presses, types, looks, and measures whether the music stops."""

import os
import tempfile

from playwright.sync_api import Error, sync_playwright

from cluster import eventually

ARGUMENTS = ["--autoplay-policy=no-user-gesture-required", "--no-sandbox", "--disable-dev-shm-usage"]

# Every 50 ms: the wall clock, the place in the music, and how much is there ahead.
SAMPLE = """() => {
    const audio = document.getElementById("audio")
    window.samples = []
    window.sampling = setInterval(() => {
        const end = audio.buffered.length ? audio.buffered.end(audio.buffered.length - 1) : 0
        samples.push([performance.now(), audio.currentTime * 1000, end * 1000, audio.paused])
    }, 50)
}"""


class Browser:
    def __init__(self):
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=ARGUMENTS)

    def listener(self, **options):
        return Listener(self.chromium, **options)

    def close(self):
        self.chromium.close()
        self.playwright.stop()


class Listener:
    """One visitor with storage of his own."""

    def __init__(self, chromium, width=1280, height=800, locale="en-GB", **options):
        self.context = chromium.new_context(
            viewport={"width": width, "height": height}, locale=locale, **options)
        self.page = self.context.new_page()
        self.errors = []
        self.requests = []
        self.failures = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.complain(message.text))
        self.page.on("requestfailed", lambda request: self.failures.append(f"{request.url}: {request.failure}"))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def complain(self, text):
        if "Content Security Policy" in text:
            self.errors.append(text)

    def open(self, server, view="songs"):
        self.page.goto(f"{server.origin}/#{view}")
        self.until("'ready' in document.documentElement.dataset", seconds=30)
        return self

    def close(self):
        self.context.close()
        assert not self.errors, self.errors

    def until(self, expression, seconds=15):
        """Waits until an expression in the page is true, and returns it; the page's policy forbids the usual way."""
        def look():
            try:
                return self.page.evaluate(expression) or self.page.wait_for_timeout(30)
            except Error as error:
                # The page is just being loaded again.
                if "context was destroyed" not in str(error):
                    raise
                return False

        try:
            return eventually(expression, look, seconds=seconds, every=0)
        except AssertionError as error:
            picture = os.path.join(tempfile.gettempdir(), f"rondo-page-{os.getpid()}-{id(error)}.png")
            self.page.screenshot(path=picture)
            raise AssertionError(f"{error}\nthe page then: {picture}\n{self.failures[-5:]}") from None

    def count(self, selector):
        return self.page.locator(selector).count()

    def text(self, selector):
        return self.page.locator(selector).first.inner_text()

    def row(self, title):
        return self.page.locator(".rows-body .song-row", has=self.page.locator(f'.title:text-is("{title}")')).first

    def search(self, words):
        self.page.fill("#search", words)

    def play(self, title):
        """Searches for a song and plays it; returns once it is heard."""
        self.search(title)
        self.until(f"[...document.querySelectorAll('.rows-body .title')].some(node => node.textContent === '{title}')",
                   seconds=20)
        self.row(title).hover()
        self.row(title).locator(".c-play button").click()
        self.until("document.getElementById('audio').currentTime > 0.2", seconds=30)

    def slow(self, bytes_per_second):
        """Lets the network carry no more, so that something is on its way at any time."""
        session = self.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": 2, "downloadThroughput": bytes_per_second, "uploadThroughput": -1,
        })

    @property
    def router(self):
        """The address of the Router from which the page has its music."""
        return self.text("#source").split("·")[0].strip()

    def sample(self):
        self.page.evaluate(SAMPLE)

    def measured(self):
        """What the samples say: milliseconds of music lost against the wall clock, and the least that was ahead."""
        samples = self.page.evaluate("() => { clearInterval(sampling); return samples }")
        wall = samples[-1][0] - samples[0][0]
        music = samples[-1][1] - samples[0][1]
        longest = 0
        last = samples[0]
        for sample in samples:
            if sample[1] != last[1]:
                longest = max(longest, sample[0] - last[0])
                last = sample
        longest = max(longest, samples[-1][0] - last[0])
        return {
            "lost": wall - music, "longest": longest, "ahead": min(sample[2] - sample[1] for sample in samples),
            "wall": wall, "samples": len(samples),
        }
