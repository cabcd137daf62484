"""The ring as it is shown, and the page's manners."""

import glob
import os
import re
import unittest

from axe_playwright_python.sync_playwright import Axe

from cluster import PROGRAM, eventually
from library_test import sine
from world import World

WEB = os.path.join(os.path.dirname(__file__), "../../Sources/RouterServer/Web")
VIEWS = ["songs", "albums", "artists", "genres", "add", "ring"]


class RingTests(World):
    def test_a_kill_is_seen_and_so_is_what_heals_it(self):
        listener = self.listener(view="ring")
        listener.until("document.querySelectorAll('.ring .server').length === 5")
        self.assertEqual(listener.count(".ring .server.data rect"), 2)
        self.assertEqual(listener.count(".ring .server.router circle"), 3)
        self.assertEqual(listener.page.text_content(".ring .counts"), "2 : 3")
        listener.until("document.querySelector('.count').textContent.includes('listening to 5')")
        dead = self.cluster.data()[0]
        dead.kill()
        listener.until("document.querySelectorAll('.ring .server.dead').length === 1", seconds=10)
        listener.until(f"document.getElementById('ring-log').textContent.includes('{dead.address} is dead')")
        # Below two Data servers a Router takes the role at once.
        listener.until("document.querySelectorAll('.ring .server.data:not(.dead)').length === 2", seconds=10)
        listener.until("document.querySelector('#ring-log').textContent.includes('is now Data')")
        dead.start()
        listener.until("document.querySelectorAll('.ring .server.dead').length === 0", seconds=20)

    def test_the_ring_is_there_in_words_as_well(self):
        listener = self.listener(view="ring")
        listener.until("document.querySelectorAll('tbody tr').length === 5")
        self.assertIn("2 Data, 3 Router", listener.page.get_attribute(".ring", "aria-label"))
        self.assertIn("What am I seeing?", listener.text(".explanation summary"))
        addresses = {server.address for server in self.cluster.servers}
        shown = set(listener.page.locator("tbody th").all_inner_texts())
        self.assertEqual(shown, addresses)


class MannersTests(World):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ["One", "Two"]:
            cls.cluster.upload(sine(cls.cluster.folder, f"{name}.flac", 20, title=name, artist="Band", album="Disc"))

    def test_axe_finds_nothing_in_any_view_light_or_dark(self):
        for scheme in ["light", "dark"]:
            listener = self.listener(color_scheme=scheme)
            listener.play("One")
            listener.page.click("#queue-button")
            for view in VIEWS:
                listener.page.goto(listener.page.url.split("#")[0] + f"#{view}")
                listener.until("document.querySelector('#view h1') !== null")
                listener.until("document.querySelectorAll('#view li, #view tr, #view .song-row, label').length > 0")
                found = Axe().run(listener.page)
                with self.subTest(scheme=scheme, view=view):
                    self.assertEqual(found.violations_count, 0, found.generate_report())

    def test_everything_is_done_with_keys(self):
        listener = self.listener()
        page = listener.page
        listener.until("document.querySelectorAll('.rows-body .song-row .title').length === 2")
        page.keyboard.press("?")
        listener.until("document.querySelector('dialog.keys') !== null")
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("two")
        listener.until("document.querySelectorAll('.rows-body .song-row').length === 1")
        page.keyboard.press("Enter")
        listener.until("document.activeElement.getAttribute('role') === 'grid'")
        page.keyboard.press("Enter")
        listener.until("document.querySelector('.now-title').textContent === 'Two'")
        listener.until("document.getElementById('audio').currentTime > 0.3")
        page.keyboard.press("k")
        listener.until("document.getElementById('audio').paused")
        page.keyboard.press("5")
        listener.until("Math.abs(document.getElementById('audio').currentTime - 10) < 0.5")
        page.keyboard.press("m")
        listener.until("document.getElementById('audio').muted")
        page.keyboard.press(".")
        listener.until("document.querySelector('[role=menu]') !== null")
        page.keyboard.press("Escape")
        page.keyboard.press("u")
        listener.until("!document.querySelector('#queue-panel').hidden")
        page.keyboard.press("i")
        listener.until("document.querySelector('.ring') !== null")

    def test_it_speaks_spanish_where_the_browser_does_and_changes_while_music_plays(self):
        listener = self.listener(locale="es-ES")
        listener.until("document.querySelector('h1')?.textContent === 'Canciones'")
        for view in VIEWS:
            listener.page.goto(listener.page.url.split("#")[0] + f"#{view}")
            listener.until("document.querySelector('#view h1') !== null")
        missing = listener.page.evaluate("import('/words.mjs').then(words => [...words.missing])")
        self.assertEqual(missing, [])
        listener.page.goto(listener.page.url.split("#")[0] + "#songs")
        listener.play("One")
        listener.page.click("#language")
        listener.until("document.querySelector('h1').textContent === 'Songs'")
        self.assertFalse(listener.page.evaluate("document.getElementById('audio').paused"))
        self.assertEqual(listener.page.get_attribute("html", "lang"), "en")

    def test_every_text_of_the_page_is_in_the_dictionary(self):
        with open(os.path.join(WEB, "words.mjs"), encoding="utf-8") as file:
            words = re.sub(r"\\\n", "", file.read())
        known = set(re.findall(r'"((?:[^"\\]|\\.)*)":', words))
        used = set()
        for path in glob.glob(os.path.join(WEB, "*.mjs")) + glob.glob(os.path.join(WEB, "*.html")):
            with open(path, encoding="utf-8") as file:
                text = re.sub(r"\\\n", "", file.read())
            used |= set(re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', text))
            used |= set(re.findall(r'data-t(?:-\w+)?="([^"]*)"', text))
        self.assertGreater(len(used), 150)
        self.assertEqual(sorted(used - known), [])

    def test_nobody_but_the_cluster_is_asked_for_anything(self):
        listener = self.listener()
        listener.play("One")
        for view in VIEWS:
            listener.page.goto(listener.page.url.split("#")[0] + f"#{view}")
            listener.until("document.querySelector('#view h1') !== null")
        origins = {server.origin for server in self.cluster.servers}
        strangers = [url for url in listener.requests
                     if not url.startswith(("blob:", "data:")) and "/".join(url.split("/")[:3]) not in origins]
        self.assertEqual(strangers, [])

    def test_the_first_view_is_small_and_quick(self):
        listener = self.listener()
        listener.until("document.querySelectorAll('.rows-body .song-row .title').length === 2")
        timing = listener.page.evaluate("""() => ({
            bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
                .filter(entry => !entry.name.includes("/api/")).reduce((sum, entry) => sum + entry.transferSize, 0),
            loaded: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
        })""")
        print(f"    {timing['bytes'] / 1000:.1f} KB over the wire, loaded after {timing['loaded']:.0f} ms")
        self.assertLess(timing["bytes"], 100_000)
        # A program that was built to be debugged compresses the files twenty times as slowly, once.
        self.assertLess(timing["loaded"], 4000 if "debug" in PROGRAM else 1000)

    def test_nothing_is_wider_than_a_phone(self):
        listener = self.listener(width=360, height=740)
        for view in VIEWS:
            listener.page.goto(listener.page.url.split("#")[0] + f"#{view}")
            listener.until("document.querySelector('#view h1') !== null")
            with self.subTest(view=view):
                self.assertLessEqual(listener.page.evaluate("document.documentElement.scrollWidth"), 360)
                self.assertLessEqual(listener.page.evaluate("document.querySelector('#main').scrollWidth"), 360)

    def test_the_lock_screen_and_media_keys_know_what_plays(self):
        listener = self.listener()
        listener.play("Two")
        listener.until("navigator.mediaSession.metadata?.title === 'Two'")
        eventually("it is playing", lambda: listener.page.evaluate("navigator.mediaSession.playbackState") == "playing")


if __name__ == "__main__":
    unittest.main()
