import Glibc

/// The fuzzer's entry (`scripts/fuzz`): one input through `PacketTrial`. A fault in an answer ends it like a crash.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // Safe because libFuzzer gives `count` bytes that live during the call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var trial = PacketTrial()
    trial.play(input)
    guard trial.faults.isEmpty else { fatalError(trial.faults.joined(separator: "; ")) }
    Count.shared.add(trial.packets, trial.replies)
    return 0
}

/// Counts packets, of which an input has several, and ends the program when there have been as many as `PACKETS` says.
private final class Count: @unchecked Sendable {
    // Safe because libFuzzer calls from one thread.
    static let shared = Count()
    private var packets = 0
    private var replies = 0
    private let wanted: Int

    private init() {
        let text = getenv("PACKETS").map { String(cString: $0) }
        wanted = text.flatMap(Int.init) ?? 10_000_000
    }

    func add(_ packets: Int, _ replies: Int) {
        self.packets += packets
        self.replies += replies
        guard self.packets >= wanted else { return }
        let seconds = clock() / 1_000_000
        print("no crash in \(self.packets) packets, \(self.replies) of them answered, in \(seconds) s of CPU")
        fflush(nil)
        _exit(0)
    }
}
