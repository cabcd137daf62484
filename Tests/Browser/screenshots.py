"""Makes the README's pictures of the page, from a real cluster with real music."""

import glob
import os
import sys

from cluster import MUSIC, Cluster, eventually
from listener import Browser


def main(folder):
    os.makedirs(folder, exist_ok=True)
    cluster = Cluster()
    browser = Browser()
    try:
        files = sorted(glob.glob(os.path.join(MUSIC, "*-music*", "*.ogg")))
        for number, path in enumerate(files):
            print(f"\ruploading {number + 1} of {len(files)}", end="", flush=True)
            cluster.upload(path)
        print()
        take(cluster, browser, folder)
    finally:
        browser.close()
        cluster.close()


def take(cluster, browser, folder):
    def picture(listener, name):
        # Notes at the edge of the page are of the moment.
        listener.page.evaluate("document.getElementById('toasts').replaceChildren()")
        listener.page.mouse.move(0, 0)
        listener.page.screenshot(path=os.path.join(folder, name))
        print(name, os.path.getsize(os.path.join(folder, name)) // 1000, "KB")

    listener = browser.listener(height=700).open(cluster.routers()[0], view="albums")
    listener.until("document.querySelectorAll('.card').length > 5")
    picture(listener, "library.png")
    listener.page.close()

    router = cluster.routers()[0]
    listener = browser.listener(height=820, color_scheme="dark").open(router)
    listener.until("document.querySelectorAll('.rows-body .song-row .title').length > 5")
    listener.page.locator(".rows-body .song-row").nth(4).hover()
    listener.page.locator(".rows-body .song-row").nth(4).locator(".c-play button").click()
    listener.until("document.getElementById('audio').currentTime > 0.2")
    listener.page.evaluate("document.activeElement.blur()")
    listener.page.keyboard.press("3")
    listener.page.click("#queue-button")
    listener.page.evaluate("document.activeElement.blur()")
    listener.until("document.getElementById('audio').currentTime > 20")
    listener.until("/ 3\\d s/.test(document.getElementById('source').textContent)", seconds=30)
    picture(listener, "playing.png")
    listener.page.click("#queue-button")

    listener.page.emulate_media(color_scheme="light")
    listener.page.evaluate("localStorage.setItem('rondo.explained', '1')")
    listener.page.keyboard.press("i")
    listener.until("document.querySelectorAll('.ring .server').length === 5")
    listener.until("document.querySelector('.count').textContent.includes('5')")
    dead = next(server for server in cluster.data())
    dead.kill()
    # The moment when the gap is closed, the roles are in order again, and lost copies are being made.
    listener.until("document.querySelectorAll('.ring .server.dead').length === 1")
    listener.until("document.querySelectorAll('.ring .server.data:not(.dead)').length === 2", seconds=20)
    listener.until("document.querySelector('.ring .busy') !== null", seconds=20)
    eventually("it still plays", lambda: not listener.page.evaluate("document.getElementById('audio').paused"))
    picture(listener, "ring.png")
    listener.page.close()


if __name__ == "__main__":
    main(sys.argv[1])
