"""One cluster and one browser for all tests of a file."""

import os
import unittest

from cluster import MUSIC, Cluster
from listener import Browser

FORMATS = os.path.join(MUSIC, "formats")
# Each format with the bytes a second that its song takes: the network gets a little more, so that something is always
# on its way when a server dies.
SONGS = {
    "MP3": ("song.mp3", 24_000), "FLAC": ("song.flac", 110_000), "AAC": ("song-aac.m4a", 24_000),
    "Opus": ("song.opus", 18_000), "Vorbis": (None, 110_000),
}


class World(unittest.TestCase):
    """A cluster of two Data servers and three Routers, healed before every test."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.cluster.heal()

    def listener(self, server=None, view="songs", **options):
        listener = self.browser.listener(**options)
        self.addCleanup(listener.close)
        return listener.open(server or self.cluster.routers()[0], view)

    @classmethod
    def upload_formats(cls):
        """One song in every format; titles by name of the format."""
        for name, (file, _) in SONGS.items():
            path = os.path.join(FORMATS, file) if file else os.path.join(
                MUSIC, "singularity-music", "A New Journey.ogg")
            song = cls.cluster.upload(path, title=f"Song in {name}")
            # A rendition is made when somebody asks first, and takes its time in a program that is not optimised.
            cls.cluster.ready_for_segments(song["id"])
