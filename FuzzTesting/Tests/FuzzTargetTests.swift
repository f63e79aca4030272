import Foundation
import NIOCore
import Testing

/// Mutations of well-formed inputs under a fixed seed; `make fuzz` looks further. A trap ends the process: the last
/// line printed names the target, and `MILLRACE_FUZZ_VERBOSE=1 MILLRACE_FUZZ_TARGET=name` prints every input.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FuzzTargetTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let only = Self.environment["MILLRACE_FUZZ_TARGET"]
    private static let runs = Self.environment["MILLRACE_FUZZ_RUNS"].flatMap { Int($0) } ?? 4_000
    private static let isVerbose = Self.environment["MILLRACE_FUZZ_VERBOSE"] != nil
    private static let names = FuzzTarget.all.map(\.name).filter { Self.only == nil || $0 == Self.only }

    @Test(arguments: Self.names)
    func `a decoder takes or refuses any bytes`(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let seeds = target.seeds()
        #expect(!seeds.isEmpty)
        print("fuzz target \(name): \(seeds.count) seeds")
        for seed in seeds { target.read(seed) }
        target.read(ByteBuffer())
        var mutator = Mutator(seed: 0x6675_7A7A, seeds)
        for _ in 0..<Self.runs {
            let input = mutator.next()
            if Self.isVerbose { print(input.allBytes.map { String($0, radix: 16) }.joined(separator: " ")) }
            target.read(input)
        }
    }

    @Test func `names of targets are unique`() {
        #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
    }
}
