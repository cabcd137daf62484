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
    /// Each in a container of its own.
    case docker(ContainerGround)

    /// The address of the process that counts from 0.
    func address(_ index: Int) -> HostAddress {
        switch self {
        case .hosts(let bed): bed.hosts[index].address
        case .processes(let base): HostAddress(base.value + UInt32(index))
        case .docker(let ground): ground.address(index)
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
        case .docker(let ground):
            // Attached, so that it ends when the container's process does, and has what that says.
            return try TestHost.startHere(
                "docker", ground.commandLine(index, arguments), environment: ["RONDO_KEY": ground.key], log: log)
        }
    }

    package var testbed: Testbed? { if case .hosts(let bed) = self { bed } else { nil } }
    var ground: ContainerGround? { if case .docker(let ground) = self { ground } else { nil } }

    /// Whether there is something to cut between the processes.
    var hasCables: Bool { if case .processes = self { false } else { true } }

    /// Changes which packets arrive. Hosts go by their number: the first process is on number 2.
    func wire(_ change: (inout Wiring) -> Void) async throws(TestbedError) {
        switch self {
        case .hosts(let bed): try await bed.wire(change)
        case .processes: break
        case .docker(let ground):
            var wiring = ground.wiring
            change(&wiring)
            try await ground.wire(wiring)
        }
    }

    /// Removes hosts or containers.
    package func close() async {
        await testbed?.close()
        await ground?.close()
    }
}
