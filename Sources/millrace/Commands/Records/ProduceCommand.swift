internal import ArgumentParser
internal import FoundationEssentials
internal import KafkaClient
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Text

struct ProduceCommand: AsyncParsableCommand {
    enum Compression: String, ExpressibleByArgument, CaseIterable {
        case none, gzip, snappy, lz4, zstd

        var codec: CompressionCodec {
            switch self {
            case .none: .none
            case .gzip: .gzip
            case .snappy: .snappy
            case .lz4: .lz4
            case .zstd: .zstd
            }
        }
    }

    enum Acks: String, ExpressibleByArgument, CaseIterable {
        case none = "0"
        case leader = "1"
        case all

        var setting: ProducerSettings.Acks {
            switch self {
            case .none: .none
            case .leader: .leader
            case .all: .all
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "produce",
        abstract: "Write lines as records.",
        discussion: """
            Each line of the files, or of standard input, becomes the value of one record, without the line's end. \
            The exit code is 0 only when every record was acknowledged; a summary goes to standard error.

            Examples:
              echo hello | millrace produce greetings
              millrace produce orders orders.csv --compression zstd
              millrace produce users --key-separator : <<< 'ann:{"age":7}'
              millrace produce users --key-separator : --null-value DELETED <<< ann:DELETED
            """
    )

    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The topic.", completion: .topicNames)
    var topic: String

    @Argument(help: "Files of lines; `-` is standard input. (default: -)", completion: .file())
    var files: [String] = []

    @Option(help: "Each line is KEY, this text, VALUE; a line without it has no key.")
    var keySeparator: String?

    @Option(help: "The key of every record.")
    var key: String?

    @Option(
        name: .shortAndLong,
        help: "The partition of every record. (default: by the key's hash, as Kafka's clients do)"
    )
    var partition: Int32?

    @Option(name: .shortAndLong, help: "How batches are compressed: none, gzip, snappy, lz4 or zstd.")
    var compression: Compression = .none

    @Option(help: "Brokers that must have a record before it counts as written: 0 (none), 1 (the leader) or all.")
    var acks: Acks = .all

    @Option(
        name: .shortAndLong,
        parsing: .singleValue,
        help: ArgumentHelp("A header of every record; repeatable.", valueName: "key=value")
    )
    var header: [String] = []

    @Option(help: "A value that is exactly this text becomes null, which deletes the key in a compacted topic.")
    var nullValue: String?

    @Flag(help: "Let retries write a record twice. Without it, and with --acks all, each is written once.")
    var noIdempotence = false

    @Flag(name: .shortAndLong, help: "No summary.")
    var quiet = false

    func validate() throws {
        if self.key != nil, self.keySeparator != nil {
            throw ValidationError("Give either --key or --key-separator.")
        }
        if self.keySeparator?.isEmpty == true { throw ValidationError("--key-separator must not be empty.") }
        for header in self.header where header.firstIndex(of: "=") == nil {
            throw ValidationError("--header takes KEY=VALUE, for example --header source=web.")
        }
        if let partition, partition < 0 { throw ValidationError("--partition must not be negative.") }
    }

    func run() async throws {
        try await Reporting.run {
            try await self.kafka.withCluster { try await self.produce(to: $0) }
        }
    }

    private func produce(to cluster: KafkaCluster) async throws {
        Interruption.watch()
        var settings = ProducerSettings()
        settings.acks = self.acks.setting
        settings.compression = self.compression.codec
        settings.isIdempotent = !self.noIdempotence
        settings.deliveryTimeout = .seconds(30)
        let producer = try await Producer.start(cluster: cluster, settings: settings) {
            Timestamp(Date().timeIntervalSince1970 * 1000)
        }
        var progress = Progress()
        do {
            for file in self.files.isEmpty ? ["-"] : self.files where !Interruption.isRequested {
                try await self.send(file, with: producer, showing: &progress)
            }
        } catch {
            // What was read before is written nevertheless.
            await producer.close()
            progress.clear()
            throw error
        }
        await producer.close()
        progress.clear()
        try await self.summarise(producer, seconds: progress.seconds)
    }

    private func send(_ file: String, with producer: Producer, showing progress: inout Progress) async throws {
        let form = RecordForm(
            keySeparator: self.keySeparator.map { Array($0.utf8) },
            key: self.key.map { ByteBuffer(string: $0) },
            partition: self.partition,
            headers: self.header.map { text in
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? ByteBuffer(substring: parts[1]) : nil)
            },
            nullValue: self.nullValue.map { Array($0.utf8) }
        )
        let reader = try LineReader(path: file)
        while let lines = try await reader.next() {
            try await producer.send(contentsOf: lines.map(form.record), to: self.topic)
            // After a failure the rest would most likely fail as well, and its end is far.
            if await producer.firstFailure != nil { return }
            let counts = await producer.counts
            progress.update(records: counts.acknowledged, bytes: counts.acknowledgedBytes)
        }
    }

    private func summarise(_ producer: Producer, seconds: Double) async throws {
        let counts = await producer.counts
        if self.output.isJSON {
            var json = JSONLine()
            json.object { json in
                json.key("topic")
                json.string(self.topic)
                json.key("acknowledged")
                json.number(counts.acknowledged)
                json.key("failed")
                json.number(counts.failed)
                json.key("bytes")
                json.number(counts.acknowledgedBytes)
                json.key("retries")
                json.number(counts.retries)
                json.key("milliseconds")
                json.number(Int(seconds * 1000))
            }
            json.endLine()
            try self.output.write(json)
        } else if !self.quiet {
            let figures = Progress.figures(
                records: counts.acknowledged,
                bytes: counts.acknowledgedBytes,
                seconds: seconds
            )
            StandardError.write("produced \(figures)\n")
        }
        if let failure = await producer.firstFailure {
            throw Failure("\(counts.failed) of \(counts.taken) records were not written: \(failure)")
        }
        if Interruption.isRequested { throw ExitCode(130) }
    }
}

/// How a line becomes a record.
private struct RecordForm {
    var keySeparator: [UInt8]?
    var key: ByteBuffer?
    var partition: Int32?
    var headers: [(key: String, value: ByteBuffer?)]
    var nullValue: [UInt8]?

    func record(_ line: ByteBuffer) -> ProducerRecord {
        var key = self.key
        var value: ByteBuffer? = line
        if let separator = self.keySeparator, let position = Self.position(of: separator, in: line) {
            key = line.getSlice(at: line.readerIndex, length: position)
            let start = position + separator.count
            value = line.getSlice(at: line.readerIndex + start, length: line.readableBytes - start)
        }
        if let nullValue, let bytes = value?.readableBytesView, bytes.elementsEqual(nullValue) { value = nil }
        return ProducerRecord(key: key, value: value, headers: self.headers, partition: self.partition)
    }

    /// Where the separator begins, from the line's start.
    private static func position(of separator: [UInt8], in line: ByteBuffer) -> Int? {
        line.withUnsafeReadableBytes { bytes in
            guard bytes.count >= separator.count else { return nil }
            return (0...(bytes.count - separator.count)).first { start in
                bytes[start] == separator[0]
                    && UnsafeRawBufferPointer(rebasing: bytes[start..<(start + separator.count)])
                        .elementsEqual(separator)
            }
        }
    }
}
