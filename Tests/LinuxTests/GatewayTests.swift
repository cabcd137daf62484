import Model
import Testing

@testable import Linux

@Suite struct GatewayTests {
    private static let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

    @Test func `the gateway is that of the route to everywhere`() {
        let table =
            Self.head + "eth1\t000014AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
            + "eth0\t00000000\t010015AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        #expect(Gateway.read(table) == HostAddress(172, 21, 0, 1))
    }

    @Test(arguments: [
        "", "nonsense", "a\nb 00000000", "a\nb 00000000 zz", "eth0\neth0\t00000000\t00000000\t0001\n",
    ])
    func `where there is no such route there is no gateway`(table: String) {
        #expect(Gateway.read(table) == nil)
    }
}
