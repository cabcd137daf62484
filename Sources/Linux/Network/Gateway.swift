internal import FoundationEssentials
package import Model

/// The way out of this host's networks.
package enum Gateway {
    /// The first hop of the route to everywhere, as the kernel has it now (proc_pid_net(5), `route`); nil where there
    /// is none.
    package static var standard: HostAddress? {
        let bytes = FileManager.default.contents(atPath: "/proc/net/route") ?? Data()
        return read(String(decoding: bytes, as: UTF8.self))
    }

    /// A line is `interface destination gateway flags …`, addresses being hexadecimal numbers in the network's order,
    /// read as this machine's.
    static func read(_ table: String) -> HostAddress? {
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 2, fields[1] == "00000000", let gateway = UInt32(fields[2], radix: 16), gateway != 0
            else { continue }
            return HostAddress(UInt32(bigEndian: gateway))
        }
        return nil
    }
}
