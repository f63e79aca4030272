import Foundation
import NIOCore

/// Runs one target under libFuzzer: `fuzz TARGET [CORPUS …] [-FLAG=VALUE …]`. Built by `make fuzz` alone.
///
/// `fuzz --list` names the targets, `fuzz --seeds DIRECTORY` writes the well-formed inputs of all of them.
@main struct FuzzDriver {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "--list": for target in FuzzTarget.all { print(target.name) }
        case "--seeds":
            guard let directory = arguments.dropFirst().first else { return Self.refuse("--seeds wants a directory") }
            try Self.writeSeeds(to: directory)
        case let name?:
            guard chosen != nil else { return Self.refuse("there is no target \(name)") }
            Self.run(Array(CommandLine.arguments.prefix(1)) + arguments.dropFirst())
        case nil: Self.refuse("name a target; --list lists them")
        }
    }

    private static func refuse(_ message: String) {
        FileHandle.standardError.write(Data("fuzz: \(message)\n".utf8))
        exit(64)
    }

    private static func writeSeeds(to directory: String) throws {
        for target in FuzzTarget.all {
            let folder = URL(fileURLWithPath: directory).appendingPathComponent(target.name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (index, seed) in target.seeds().enumerated() {
                try Data(seed.allBytes).write(to: folder.appendingPathComponent("seed-\(index)"))
            }
        }
    }

    private static func run(_ arguments: [String]) {
        var texts = arguments.map { strdup($0) }
        texts.append(nil)
        var count = CInt(arguments.count)
        texts.withUnsafeMutableBufferPointer { texts in
            var start = texts.baseAddress
            withUnsafeMutablePointer(to: &start) { start in
                exit(runDriver(&count, start, readInput))
            }
        }
    }
}

private let chosen = FuzzTarget.all.first { $0.name == CommandLine.arguments.dropFirst().first }

/// `LLVMFuzzerRunDriver` of libFuzzer, which the toolchain links in under `-sanitize=fuzzer`.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// libFuzzer's own `main`, which is linked and not used, wants this name.
@_cdecl("LLVMFuzzerTestOneInput")
func readInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen?.read(ByteBuffer(bytes: UnsafeRawBufferPointer(start: start, count: count)))
    return 0
}
