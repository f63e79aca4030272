internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import KinesisProtocol
internal import Metadata
internal import MetadataSQLite
internal import Model
internal import Text

struct DebugIterator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iterator",
        abstract: "Say where a shard iterator stands.",
        discussion: """
            Iterators are sealed with a key that the server keeps in its data directory, so that only there can they \
            be \
            opened, and while no server has the directory open.
            """
    )

    @Argument(help: "The iterator.")
    var iterator: String

    @Option(help: "The data directory. (default: $MILLRACE_DATA_DIR)", completion: .directory)
    var dataDir: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Reporting.run {
            guard let directory = self.dataDir ?? Environment.value("MILLRACE_DATA_DIR") else {
                throw Failure("give the --data-dir of the server that made the iterator")
            }
            let sealer = TokenSealer(key: try await Self.key(in: directory))
            let opened: ShardIterator
            do throws(KinesisError) {
                opened = try ShardIterator(self.iterator, sealer: sealer, now: 0, validity: .max)
            } catch {
                throw Failure("the iterator was not made by the server of \(directory), or it is not whole")
            }
            var table = TextTable(["STREAM", "SHARD", "NEXT OFFSET", "MADE"], numbers: [2])
            let made = CalendarTime(opened.minted).rfc3339
            table.add([opened.streamName, "\(ShardID(opened.ordinal))", "\(opened.offset)", made])
            var json = JSONLine()
            json.object { json in
                json.key("stream")
                json.string(opened.streamName)
                json.key("streamID")
                json.string("\(opened.streamID)")
                json.key("shard")
                json.string("\(ShardID(opened.ordinal))")
                json.key("nextOffset")
                json.number(opened.offset)
                json.key("made")
                json.string(made)
            }
            json.endLine()
            try self.output.publish(table, json: json)
        }
    }

    private static func key(in directory: String) async throws -> [UInt8] {
        let path = directory + "/metadata.sqlite"
        guard FileManager.default.fileExists(atPath: path) else {
            throw NotFound(description: "\(directory) is not the data directory of a server")
        }
        let key: [UInt8]?
        do throws(MetadataError) {
            let store = try SQLiteMetadataStore(path: path)
            key = try await store.get(MetadataKeys.item(space: "secrets", name: "kinesis-tokens")).entry?.value
        } catch {
            throw Failure(
                error.code == .locked ? "a server is running on \(directory): stop it, or use a copy" : error.message
            )
        }
        guard let key, key.count == TokenSealer.keyBytes else {
            throw Failure("\(directory) has never served shard iterators")
        }
        return key
    }
}
