import Foundation
import HTTP
import Linux
import Model
import Platform
import TestTools
import WebServer

/// A real browser without a window, on a page that reports what its Media Source made of a song.
@Loop
final class Browser {
    /// What the page says of one song.
    struct Report: Decodable, Sendable {
        var error: String?
        /// The media type that the Router gave.
        var type: String?
        var isSupported: Bool?
        /// In seconds, as the Media Source has it from `init.mp4` alone.
        var duration: Double?
        /// From and to, in seconds.
        var buffered: [[Double]]?
        /// Where each seek was to go, where it landed, and how much the element had there (`readyState`).
        var seeks: [[Double]]?
        /// From where to where it played.
        var played: [Double]?
    }

    /// A browser's program and how it runs without a window, out of reach of the user's own settings.
    enum Kind: String, CaseIterable, Sendable {
        case chromium
        case firefox = "firefox-esr"

        func arguments(profile: String, url: String) -> [String] {
            switch self {
            case .chromium:
                [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                    "--autoplay-policy=no-user-gesture-required", "--user-data-dir=\(profile)", url,
                ]
            case .firefox: ["--headless", "--no-remote", "--profile", profile, url]
            }
        }
    }

    private let kind: Kind
    private let clock = LinuxClock()
    private let network = LinuxNetwork()
    private let folder: TemporaryFolder
    private var reports: [String: Report] = [:]

    init(_ kind: Kind) throws {
        self.kind = kind
        folder = try TemporaryFolder()
    }

    /// Opens the page for the songs at these addresses, and waits for what it says of each.
    func reports(on songs: [String], plays: Bool, within limit: Duration = .seconds(120)) async throws -> [Report] {
        let page = Self.page(songs, plays: plays)
        let server = WebServer(
            network: network, clock: clock, metrics: Metrics(), log: .none, isMemberOrigin: { _ in true },
            handler: { [weak self] request, _ in
                if request.target.segments == ["report"] {
                    for (song, text) in request.target.query.items { self?.take(song, text) }
                    return Response(status: 204)
                }
                return .bytes(Array(page.utf8), contentType: "text/html; charset=utf-8")
            })
        let endpoint = try server.listen(on: Endpoint(.loopback, 0))
        let profile = folder.path + "/profile"
        try FileManager.default.createDirectory(atPath: profile, withIntermediateDirectories: true)
        let child = try Tool.start(
            kind.rawValue, kind.arguments(profile: profile, url: "http://\(endpoint)/"),
            environment: ["HOME": folder.path])
        _ = try? await eventually(within: limit, "reports") { reports.count == songs.count }
        child.send(.kill)
        _ = await child.waitOrKill(at: clock.now + .seconds(5))
        await server.drain(until: clock.now)
        return try songs.map { song in
            guard let report = reports[song] else {
                throw NotInTime(description: "\(kind.rawValue) said nothing of \(song) within \(limit)")
            }
            return report
        }
    }

    private func take(_ song: String, _ text: String) {
        do {
            reports[song] = try JSONDecoder().decode(Report.self, from: Data(text.utf8))
        } catch {
            reports[song] = Report(error: "no report: \(text)")
        }
    }

    /// The first segments and the last one are appended, so that no browser runs out of room; then it seeks in them.
    private static func page(_ songs: [String], plays: Bool) -> String {
        """
        <!doctype html><meta charset="utf-8"><title>Segments</title><script type="module">
        const happened = (target, name) => new Promise((resolve, reject) => {
            target.addEventListener(name, resolve, {once: true});
            target.addEventListener("error", () => reject(new Error("error instead of " + name)), {once: true});
        });
        const bytes = async address => {
            const answer = await fetch(address);
            if (!answer.ok) throw new Error(address + " is " + answer.status);
            return answer.arrayBuffer();
        };
        async function look(song, result) {
            const list = await (await fetch(song + "/hls.m3u8")).text();
            const names = list.split("\\n").filter(line => line && !line.startsWith("#"));
            const first = list.match(/EXT-X-MAP:URI="(.*)"/)[1];
            result.type = (await fetch(song + "/" + first, {method: "HEAD"})).headers.get("content-type");
            result.isSupported = MediaSource.isTypeSupported(result.type);
            if (!result.isSupported) return;
            const source = new MediaSource(), audio = new Audio();
            audio.muted = true;
            audio.src = URL.createObjectURL(source);
            await happened(source, "sourceopen");
            const buffer = source.addSourceBuffer(result.type);
            const append = async address => {
                buffer.appendBuffer(await bytes(song + "/" + address));
                await happened(buffer, "updateend");
            };
            await append(first);
            result.duration = source.duration;
            for (const name of [...names.slice(0, 3), names.at(-1)]) await append(name);
            source.endOfStream();
            result.buffered = [...Array(audio.buffered.length).keys()].map(
                index => [audio.buffered.start(index), audio.buffered.end(index)]);
            result.seeks = [];
            for (const target of [25.5, 10.01, 0.3, audio.buffered.end(audio.buffered.length - 1) - 0.5, 9.3]) {
                audio.currentTime = target;
                await happened(audio, "seeked");
                result.seeks.push([target, audio.currentTime, audio.readyState]);
            }
            if (\(plays)) {
                const start = audio.currentTime;
                await audio.play();
                while (audio.currentTime < 10.6) await happened(audio, "timeupdate");
                result.played = [start, audio.currentTime];
            }
        }
        for (const song of \(songs.map { "\"\($0)\"" }.joined(separator: ", ").inBrackets)) {
            const result = {};
            try { await look(song, result); } catch (error) { result.error = String(error); }
            await fetch("/report?" + encodeURIComponent(song) + "=" + encodeURIComponent(JSON.stringify(result)));
        }
        </script>
        """
    }
}

extension String {
    fileprivate var inBrackets: String { "[\(self)]" }
}
