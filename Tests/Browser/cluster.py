"""A real cluster of processes on loopback addresses of its own, which the tests kill and stop."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

PROGRAM = os.environ.get("RONDO_PROGRAM", ".build/debug/rondo")
MUSIC = os.environ.get("RONDO_MUSIC", ".build/music")
HTTP = 8080


def eventually(what, look, seconds=20, every=0.05):
    """Looks until there is something to see, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)


def fetch(url, seconds=3, **options):
    with urllib.request.urlopen(urllib.request.Request(url, **options), timeout=seconds) as answer:
        return json.load(answer)


def free_network():
    """The first three numbers of loopback addresses on which nobody listens."""
    while True:
        network = f"127.{random.randint(32, 250)}.{random.randint(1, 250)}"
        try:
            with socket.create_server((f"{network}.2", HTTP)):
                return network
        except OSError:
            continue


class Server:
    """One process, started again with the same home after a kill."""

    def __init__(self, cluster, address, kind):
        self.cluster, self.address, self.kind = cluster, address, kind
        self.origin = f"http://{address}:{HTTP}"
        self.process = None

    def start(self):
        home = os.path.join(self.cluster.folder, self.address)
        command = [PROGRAM, "server", self.kind, self.address]
        if self.kind != "registry":
            command.append(self.cluster.registry.address)
        command += ["--home", home, "--key-file", self.cluster.key, "--discovery", "0"]
        with open(home + ".log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    @property
    def is_ready(self):
        try:
            fetch(self.origin + "/readyz", seconds=1)
            return True
        except (OSError, ValueError):
            return False


class Cluster:
    def __init__(self, data=2, routers=3):
        self.folder = tempfile.mkdtemp(prefix="rondo-page-")
        self.key = os.path.join(self.folder, "key")
        network = free_network()
        with open(self.key, "wb") as file:
            file.write(subprocess.run([PROGRAM, "key", "new"], check=True, stdout=subprocess.PIPE).stdout)
        os.chmod(self.key, 0o600)
        self.registry = Server(self, f"{network}.1", "registry")
        kinds = ["data"] * data + ["router"] * routers
        self.servers = [Server(self, f"{network}.{2 + index}", kind) for index, kind in enumerate(kinds)]
        self.by_address = {server.address: server for server in self.servers}
        self.registry.start()
        for server in self.servers:
            server.start()
        self.heal(data, routers)

    def close(self):
        for server in [*self.servers, self.registry]:
            if server.process and server.process.poll() is None:
                server.process.kill()
                server.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def state(self):
        """What some server says of the cluster; None where none answers."""
        for server in self.servers:
            if server.process.poll() is None:
                try:
                    return fetch(server.origin + "/api/v1/cluster", seconds=1)
                except (OSError, ValueError):
                    continue
        return None

    def heal(self, data=2, routers=3):
        """Lets every server run, and waits until the ring is whole and its roles are in order."""
        for server in self.servers:
            if server.process.poll() is None:
                server.signal(signal.SIGCONT)
            else:
                server.start()
        wanted = {"data": data, "router": routers}
        eventually("the ring is whole", lambda: all(server.is_ready for server in self.servers)
                   and (self.state() or {}).get("counts") == wanted, seconds=60, every=0.2)

    def routers(self):
        members = self.state()["members"]
        return [self.by_address[member["address"]] for member in members
                if member["role"] == "router" and member["state"] == "alive"]

    def data(self):
        members = self.state()["members"]
        return [self.by_address[member["address"]] for member in members
                if member["role"] == "data" and member["state"] == "alive"]

    def upload(self, path, **fields):
        """Stores a song through some Router; what the API says of it."""
        mark = uuid.uuid4().hex
        body = b""
        for name, value in fields.items():
            body += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        with open(path, "rb") as file:
            name = os.path.basename(path)
            body += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
            body += file.read() + f"\r\n--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        url = self.routers()[0].origin + "/api/v1/songs"
        try:
            return fetch(url, seconds=60, data=body, headers=headers, method="POST")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def ready_for_segments(self, song):
        """Waits until a song's playlist is there, which may take a rendition."""
        def look():
            try:
                with urllib.request.urlopen(
                        f"{self.routers()[0].origin}/api/v1/songs/{song}/hls.m3u8", timeout=20) as answer:
                    return answer.status == 200
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
                return False

        eventually("the song has segments", look, seconds=180, every=0.5)

    def songs(self, words=""):
        query = urllib.parse.urlencode({"q": words, "limit": 500})
        return fetch(f"{self.routers()[0].origin}/api/v1/songs?{query}")["songs"]
