package import Platform

/// Everything outside that the client uses.
@Loop
package struct ClientWorld: Sendable {
    package let clock: any Clock
    package let network: any Network
    package let files: any LocalFiles
    package let screen: Screen
    /// Where bytes go that are asked for on standard output.
    package let output: any ByteSink
    /// Starts an installed player for a content type, which plays what the sink gets; throws `player` when there is
    /// none.
    package let openPlayer: @Loop @Sendable (String) async throws(ClientError) -> any ByteSink

    package init(
        clock: any Clock, network: any Network, files: any LocalFiles, screen: Screen, output: any ByteSink,
        openPlayer: @escaping @Loop @Sendable (String) async throws(ClientError) -> any ByteSink
    ) {
        self.clock = clock
        self.network = network
        self.files = files
        self.screen = screen
        self.output = output
        self.openPlayer = openPlayer
    }
}

/// Takes bytes in order; waiting in it is the back-pressure.
@Loop
package protocol ByteSink: AnyObject, Sendable {
    /// - Throws: `ClientError.outputClosed` when nobody reads any more.
    func write(_ bytes: ArraySlice<UInt8>) async throws(ClientError)

    /// Says that nothing follows, and waits until all has been taken (a player: played).
    func finish() async throws(ClientError)
}

/// What the person sees.
package struct Screen: Sendable {
    /// Whether standard output is a terminal: then lines may be overwritten.
    package let isTerminal: Bool
    /// Of the terminal.
    package let columns: Int
    package let write: @Sendable (String) -> Void
    package let writeError: @Sendable (String) -> Void

    package init(
        isTerminal: Bool, columns: Int, write: @escaping @Sendable (String) -> Void,
        writeError: @escaping @Sendable (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.columns = columns
        self.write = write
        self.writeError = writeError
    }

    package func line(_ text: String) { write(text + "\n") }
}
