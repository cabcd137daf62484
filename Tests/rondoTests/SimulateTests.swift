import Model
import Simulation
import Testing

@testable import rondo

@Suite struct SimulateTests {
    private func settings(_ values: [String: String]) throws(Faults) -> SimulateSettings {
        var invocation = Invocation()
        for (name, text) in values {
            invocation.settings[name] = Invocation.Setting(text: text, origin: "--\(name)")
        }
        return try SimulateSettings.read(invocation)
    }

    private func chronicle(_ settings: SimulateSettings) -> Chronicle {
        var rehearsal = Rehearsal(
            Rehearsal.Settings(
                servers: settings.servers, seed: settings.seed, faults: settings.faults, seconds: settings.seconds))
        return rehearsal.run()
    }

    @Test func `what is not given is five servers, thirty seconds and every fault`() throws {
        let settings = try settings([:])
        #expect(settings.servers == 5 && settings.seconds == 30)
        #expect(settings.faults == Set(FaultKind.allCases))
        #expect(try self.settings(["servers": "1000"]).faults == [.kill, .power, .pause, .registry])
    }

    @Test func `faults are named with commas between them`() throws {
        #expect(try settings(["faults": "kill, One-Way"]).faults == [.kill, .oneWay])
        #expect(try settings(["faults": "none"]).faults == [])
        #expect(try settings(["faults": "all"]).faults == Set(FaultKind.allCases))
    }

    @Test(arguments: [["faults": "kill,earthquake"], ["servers": "0"], ["servers": "10001"], ["seed": "-1"]])
    func `wrong settings are wrong usage`(values: [String: String]) {
        let error = #expect(throws: Faults.self) { try settings(values) }
        #expect(error?.exitCode == 2)
    }

    @Test func `the command that is printed plays the same again`() throws {
        let settings = try settings(["servers": "4", "seed": "9", "faults": "kill,loss", "seconds": "5"])
        #expect(settings.replay == "rondo simulate --servers 4 --seed 9 --seconds 5 --faults kill,loss")
    }

    @Test func `a broken rule fails the command and names the seed`() throws {
        let settings = try settings(["seed": "77"])
        var chronicle = Chronicle()
        #expect(SimulateCommand.fault(chronicle, settings) == nil)
        chronicle.broken = ["two rings"]
        let fault = try #require(SimulateCommand.fault(chronicle, settings))
        #expect(fault.kind == .failed)
        #expect(fault.message.contains("two rings") && fault.message.contains("--seed 77"))
        #expect(SimulateReport.verdict(chronicle).contains("two rings"))
    }

    @Test func `the table has a line for everything that happened, in its order`() throws {
        let settings = try settings(["seed": "5", "seconds": "10"])
        let chronicle = chronicle(settings)
        let text = SimulateReport.text(chronicle, settings, took: .seconds(1))
        #expect(text.split(separator: "\n").count > chronicle.moments.count)
        #expect(text.contains(SimulateReport.hexadecimal(chronicle.trace)))
        #expect(zip(chronicle.moments, chronicle.moments.dropFirst()).allSatisfy { $0.time <= $1.time })
    }

    @Test(arguments: [5, 80]) func `the page is whole, and needs nothing but itself`(servers: Int) throws {
        let settings = try settings(["seed": "5", "seconds": "6", "servers": "\(servers)"])
        let page = TimelinePage.of(SimulateReport.timeline(chronicle(settings), settings))
        #expect(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"))
        #expect(!page.contains("nan") && !page.contains("inf "))
        var open: [Substring] = []
        for tag in page.matches(of: #/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/#) {
            if tag.2 == "meta" || !tag.3.isEmpty { continue }
            if tag.1.isEmpty { open.append(tag.2) } else { #expect(open.popLast() == tag.2) }
        }
        #expect(open == [])
    }

    @Test func `texts cannot break out of the page`() {
        var timeline = Timeline(
            title: "<b>&", summary: "\"", isWell: false, verdict: "<script>", length: 1)
        timeline.lanes = [Timeline.Lane(name: "<i>", detail: "<i>")]
        timeline.marks = [Timeline.Mark(time: 0.5, lane: 0, sign: .fault, text: "<i>")]
        timeline.rows = [Timeline.Row(time: 0.5, sign: .fault, text: "<i>")]
        let page = TimelinePage.of(timeline)
        #expect(!page.contains("<script") && !page.contains("<i>") && !page.contains("<b>"))
    }

    @Test func `numbers are rounded and grouped`() {
        #expect(MarkupText.number(1.25, digits: 1) == "1.3")
        #expect(MarkupText.number(-0.04, digits: 1) == "0.0")
        #expect(MarkupText.number(12.0046, digits: 3) == "12.005")
        #expect(MarkupText.grouped(1_234_567) == "1,234,567")
    }
}
