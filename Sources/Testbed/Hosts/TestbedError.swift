/// Why hosts could not be made or a program not be run on one, with what to do.
package struct TestbedError: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// What this user has to do where namespaces need somebody else's leave.
    static let forbidden =
        "hosts need network namespaces, which this user may not make; run it as root, or put `unshare -Ur` before it "
        + "(where that is refused too: sudo sysctl kernel.unprivileged_userns_clone=1, or a container with SYS_ADMIN)"
}
