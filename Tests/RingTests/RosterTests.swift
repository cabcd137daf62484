import Model
import Testing

@testable import Ring

@Suite struct RosterTests {
}
