"""The music goes on, whatever happens to the servers."""

import signal
import time
import unittest

from cluster import eventually
from world import SONGS, World

# Milliseconds of music that may be lost: two samples.
LOST = 100


class PlayerTests(World):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upload_formats()

    def listeners(self, server, formats=SONGS):
        """A listener for each format, all at the same Router, each with some seconds ahead and more on its way."""
        listeners = {}
        for name in formats:
            listener = self.listener(server)
            listener.play(f"Song in {name}")
            listeners[name] = listener
        for name, listener in listeners.items():
            # What is there already is left behind: from here on every byte comes over a slow line.
            listener.slow(SONGS[name][1] * 2)
            listener.page.evaluate("document.activeElement.blur()")
            listener.page.keyboard.press("5")
            listener.until("document.getElementById('audio').readyState > 2", seconds=30)
        for listener in listeners.values():
            listener.sample()
        for listener in listeners.values():
            listener.until("samples.length > 20")
        return listeners

    def expect_no_loss(self, listeners, dead, seconds=9):
        eventually("it was long enough", lambda: all(
            listener.page.evaluate("samples.at(-1)[0] - samples[0][0]") > seconds * 1000
            for listener in listeners.values()), seconds=seconds + 20, every=0.2)
        for name, listener in listeners.items():
            measured = listener.measured()
            with self.subTest(format=name, **{key: round(value) for key, value in measured.items()}):
                self.assertLess(measured["lost"], LOST)
                self.assertNotEqual(listener.router, dead.address, "it moved to another Router")
            print(f"    {name:6} lost {measured['lost']:.0f} ms in {measured['wall'] / 1000:.1f} s, "
                  f"at least {measured['ahead'] / 1000:.1f} s ahead, samples at most {measured['longest']:.0f} ms apart")

    def test_every_format_goes_on_when_its_router_is_killed(self):
        router = self.cluster.routers()[0]
        listeners = self.listeners(router)
        router.kill()
        self.expect_no_loss(listeners, router)

    def test_every_format_goes_on_when_its_router_is_stopped_and_says_nothing(self):
        router = self.cluster.routers()[0]
        listeners = self.listeners(router)
        router.signal(signal.SIGSTOP)
        self.expect_no_loss(listeners, router)

    def test_a_song_goes_on_when_a_data_server_is_killed(self):
        router = self.cluster.routers()[0]
        listeners = self.listeners(router, ["MP3", "FLAC"])
        self.cluster.data()[0].kill()
        eventually("it played on", lambda: all(
            listener.page.evaluate("samples.at(-1)[0] - samples[0][0]") > 7000
            for listener in listeners.values()), seconds=30)
        for name, listener in listeners.items():
            measured = listener.measured()
            with self.subTest(format=name, **measured):
                self.assertLess(measured["lost"], LOST)

    def test_a_song_goes_on_through_ten_kills_in_a_minute(self):
        listener = self.listener()
        listener.play("Song in MP3")
        listener.slow(SONGS["MP3"][1] * 4)
        listener.page.keyboard.press("3")
        listener.until("document.getElementById('audio').readyState > 2")
        listener.sample()
        listener.until("samples.length > 20")
        start = time.monotonic()
        last = None
        kills = 0
        for number in range(10):
            listener.until(f"samples.at(-1)[0] - samples[0][0] > {number * 6000}", seconds=30)
            if last:
                last.start()
            last = self.cluster.by_address[listener.router]
            if last.process.poll() is None:
                last.kill()
                kills += 1
        listener.until("samples.at(-1)[0] - samples[0][0] > 60000", seconds=30)
        measured = listener.measured()
        print(f"    lost {measured['lost']:.0f} ms in {measured['wall'] / 1000:.0f} s and {kills} kills "
              f"({time.monotonic() - start:.0f} s), at least {measured['ahead'] / 1000:.1f} s ahead")
        self.assertLess(measured["lost"], LOST)
        self.assertGreaterEqual(kills, 9)

    def test_a_page_that_is_reloaded_while_its_router_is_dead_comes_back_and_plays_on(self):
        # Loopback is a secure origin: the worker opens the page there. On plain HTTP over a network no browser keeps a
        # page, and a reload from a dead address cannot come; the listener has to open another Router's.
        router = self.cluster.routers()[0]
        listener = self.listener(router)
        listener.play("Song in FLAC")
        listener.page.keyboard.press("4")
        listener.until("document.getElementById('audio').currentTime > 100")
        listener.until("caches.open('rondo-page').then(shelf => shelf.keys()).then(keys => keys.length > 25)")
        router.kill()
        listener.page.reload()
        listener.until("document.querySelectorAll('.rows-body .song-row .title').length > 0", seconds=20)
        self.assertIn("Song in FLAC", listener.text(".now-title"))
        listener.page.click("#play")
        listener.until("document.getElementById('audio').currentTime > 100.5", seconds=20)
        self.assertNotEqual(listener.router, router.address)

    def test_the_library_and_the_search_go_on_with_another_router(self):
        router = self.cluster.routers()[0]
        listener = self.listener(router)
        listener.until("document.querySelectorAll('.rows-body .song-row .title').length > 0")
        router.signal(signal.SIGSTOP)
        listener.search("opus")
        listener.until("document.querySelector('.count').textContent === '1 song'", seconds=10)
        self.assertEqual(listener.text(".rows-body .title"), "Song in Opus")

    def test_a_loud_song_is_brought_down_to_the_level_of_the_others(self):
        song = eventually("its loudness is measured", lambda: next(
            (song for song in self.cluster.songs("song in mp3") if song.get("loudness") is not None), None), seconds=90)
        listener = self.listener()
        listener.play("Song in MP3")
        wanted = min(1, 10 ** ((-18 - song["loudness"]) / 20))
        self.assertAlmostEqual(listener.page.evaluate("document.getElementById('audio').volume"), wanted, places=3)

    def test_one_song_follows_another_without_a_gap(self):
        listener = self.listener()
        listener.play("Song in FLAC")
        listener.search("")
        listener.until("document.querySelectorAll('.rows-body .song-row').length >= 5")
        listener.row("Song in AAC").click(button="right")
        listener.page.click("text=Play next")
        listener.page.evaluate("""() => {
            const place = document.getElementById("place")
            place.value = 318
            place.dispatchEvent(new Event("change"))
        }""")
        listener.until("document.getElementById('audio').readyState > 2")
        listener.sample()
        listener.until("document.querySelector('.now-title').textContent === 'Song in AAC'", seconds=20)
        listener.until("samples.at(-1)[0] - samples[0][0] > 11000", seconds=20)
        measured = listener.measured()
        self.assertLess(measured["lost"], LOST, measured)


if __name__ == "__main__":
    unittest.main()
