import Foundation

/// Generates Sources/KafkaProtocol/Generated from Schemas/. See `--help`.
@main
struct Main {
    static let usage = """
        kafka-protocol-generator [--check] [--update-lock] [--compare-kafka DIRECTORY] [--root DIRECTORY]

          (nothing)          write the generated files
          --check            write nothing; fail when a file would change
          --update-lock      record the schemas as released in Schemas/released.lock
          --compare-kafka    compare the schemas with a directory of Kafka's message JSON files
          --root             the package's directory (default: the current one)
        """

    static func main() {
        do {
            try Command(Array(CommandLine.arguments.dropFirst())).run()
        } catch let failure as Failure {
            for line in failure.lines { Self.complain(line) }
            exit(1)
        } catch {
            Self.complain("\(error)")
            exit(1)
        }
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

struct Failure: Error {
    var lines: [String]
}

struct Command {
    private var root = "."
    private var check = false
    private var updateLock = false
    private var kafkaDirectory: String?

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--check": self.check = true
            case "--update-lock": self.updateLock = true
            case "--root", "--compare-kafka":
                guard let value = rest.popFirst() else { throw Failure(lines: [Main.usage]) }
                if argument == "--root" { self.root = value } else { self.kafkaDirectory = value }
            case "--help", "-h":
                print(Main.usage)
                exit(0)
            default: throw Failure(lines: ["unknown argument '\(argument)'", Main.usage])
            }
        }
    }

    func run() throws {
        let files = try self.readSchemas()
        if let kafkaDirectory {
            try KafkaComparison(directory: kafkaDirectory).compare(files)
            return
        }
        try self.checkLock(files)
        try self.write(try Self.outputs(files))
    }

    // MARK: - Schemas

    private func readSchemas() throws -> [SchemaFile] {
        var files: [SchemaFile] = []
        var failures: [String] = []
        for folder in ["Schemas/kafka", "Schemas/records"] {
            for name in try self.names(in: folder) where name.hasSuffix(".kschema") {
                let path = "\(folder)/\(name)"
                do {
                    let file = try SchemaParser.parse(try self.read(path), path: path)
                    try Self.checkName(file, fileName: name)
                    files.append(file)
                } catch let error as SchemaError {
                    failures.append(error.description)
                }
            }
        }
        guard failures.isEmpty else { throw Failure(lines: failures) }
        return files
    }

    private static func checkName(_ file: SchemaFile, fileName: String) throws {
        guard let key = file.apiKey, let name = file.apiName else { return }
        let digits = String(key)
        let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        guard fileName == "\(padded)-\(name).kschema" else {
            throw SchemaError(
                location: Location(file: file.path, line: 1),
                message: "the file should be called \(padded)-\(name).kschema"
            )
        }
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(self.root)/\(folder)").sorted()
    }

    private func read(_ path: String) throws -> String {
        try String(contentsOfFile: "\(self.root)/\(path)", encoding: .utf8)
    }

    // MARK: - Lock

    private func checkLock(_ files: [SchemaFile]) throws {
        let path = "Schemas/released.lock"
        let current = ReleasedLock(files)
        if self.updateLock {
            try current.text.write(toFile: "\(self.root)/\(path)", atomically: true, encoding: .utf8)
            return
        }
        guard FileManager.default.fileExists(atPath: "\(self.root)/\(path)") else { return }
        let released = try ReleasedLock(text: try self.read(path), path: path)
        let failures = released.violations(in: current)
        guard failures.isEmpty else { throw Failure(lines: failures.map { "\(path): error: \($0)" }) }
    }

    // MARK: - Output

    private static let sourceFolder = "Sources/KafkaProtocol/Generated"
    private static let testFolder = "Tests/KafkaSamples/Generated"

    private static func outputs(_ files: [SchemaFile]) throws -> [String: String] {
        var outputs: [String: String] = [:]
        for file in files {
            outputs["\(Self.sourceFolder)/\(file.outputName).swift"] = try SwiftEmitter.emit(file)
        }
        outputs["\(Self.sourceFolder)/GeneratedAPIs.swift"] = RegistryEmitter.emit(files)
        outputs["\(Self.sourceFolder)/ResponseErrors.swift"] = ErrorEmitter.emit(files)
        outputs["\(Self.testFolder)/MessageSamples.swift"] = SampleEmitter.emit(files)
        return outputs
    }

    /// Writes what differs and removes generated files whose schema is gone.
    private func write(_ outputs: [String: String]) throws {
        var changed: [String] = []
        for (path, text) in outputs.sorted(by: { $0.key < $1.key }) where (try? self.read(path)) != text {
            changed.append(path)
            guard !self.check else { continue }
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(
                atPath: "\(self.root)/\(folder)",
                withIntermediateDirectories: true
            )
            try text.write(toFile: "\(self.root)/\(path)", atomically: true, encoding: .utf8)
        }
        for folder in [Self.sourceFolder, Self.testFolder] {
            for name in (try? self.names(in: folder)) ?? [] where outputs["\(folder)/\(name)"] == nil {
                changed.append("\(folder)/\(name)")
                if !self.check { try FileManager.default.removeItem(atPath: "\(self.root)/\(folder)/\(name)") }
            }
        }
        if self.check, !changed.isEmpty {
            throw Failure(lines: changed.map { "\($0): error: differs from its schema" })
        }
        for path in changed { print("wrote \(path)") }
    }
}
