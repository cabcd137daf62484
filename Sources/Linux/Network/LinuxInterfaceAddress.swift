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
    private let interface: Int32

    init(_ address: HostAddress, prefix: Int, beside own: HostAddress) throws(StreamError) {
        self.address = address
        self.prefix = UInt8(clamping: prefix)
        interface = try Self.check(rondo_interface_of(own.value))
    }

    func put() throws(StreamError) {
        _ = try Self.check(rondo_change_address(interface, address.value, prefix, Self.lifetime))
    }

    func remove() { _ = rondo_change_address(interface, address.value, prefix, 0) }

    func announce() throws(StreamError) { _ = try Self.check(rondo_announce(interface, address.value)) }

    private static func check(_ result: Int32) throws(StreamError) -> Int32 {
        guard result < 0 else { return result }
        throw StreamError(errorNumber: -result)
    }
}
