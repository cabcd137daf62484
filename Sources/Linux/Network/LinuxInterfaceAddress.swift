internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// An address on an interface of this host, by netlink (rtnetlink(7)) and ARP (packet(7)).
@Loop
final class LinuxInterfaceAddress: InterfaceAddress {
    /// Seconds; the kernel counts no smaller ones.
    private static let lifetime: UInt32 = 2

    private let address: HostAddress
    private let prefix: UInt8
    private let own: HostAddress

    init(_ address: HostAddress, prefix: Int, beside own: HostAddress) throws(StreamError) {
        self.address = address
        self.prefix = UInt8(clamping: prefix)
        self.own = own
        _ = try interface()
    }

    /// Looked for each time: one that is unplugged and plugged in again, as a container's, is another one.
    private func interface() throws(StreamError) -> Int32 { try Self.check(rondo_interface_of(own.value)) }

    func put() throws(StreamError) {
        _ = try Self.check(rondo_change_address(try interface(), address.value, prefix, Self.lifetime))
    }

    func remove() {
        // With its interface the address went as well.
        guard let interface = try? interface() else { return }
        _ = rondo_change_address(interface, address.value, prefix, 0)
    }

    func announce() throws(StreamError) { _ = try Self.check(rondo_announce(try interface(), address.value)) }

    private static func check(_ result: Int32) throws(StreamError) -> Int32 {
        guard result < 0 else { return result }
        throw StreamError(errorNumber: -result)
    }
}
