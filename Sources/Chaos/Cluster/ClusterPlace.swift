internal import Linux
package import Model
package import Platform
package import Testbed

/// Where the processes of a cluster run.
@Loop
package enum ClusterPlace {
    /// Each on a host of its own: number 2 has the first registry, the others follow.
    case hosts(Testbed)
    /// All on this machine, each on a loopback address of its own, from this one on.
    case processes(HostAddress)

    /// The address of the process that counts from 0.
    func address(_ index: Int) -> HostAddress {
        switch self {
        case .hosts(let bed): bed.hosts[index].address
        case .processes(let base): HostAddress(base.value + UInt32(index))
        }
    }

    func start(
        _ index: Int, _ program: String, _ arguments: [String], environment: [String: String], log: String
    ) throws(TestbedError) -> ChildProcess {
        switch self {
        case .hosts(let bed):
            return try bed.hosts[index].start(program, arguments, environment: environment, log: log)
        case .processes:
            return try TestHost.startHere(program, arguments, environment: environment, log: log)
        }
    }

    package var testbed: Testbed? { if case .hosts(let bed) = self { bed } else { nil } }
}
