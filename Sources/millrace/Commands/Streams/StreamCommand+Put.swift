internal import ArgumentParser
internal import FoundationEssentials
internal import NIOCore

extension StreamCommand {
    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write lines as records.",
            discussion: """
                Each line of the files, or of standard input, becomes the data of one record, without the line's end. \
                The exit code is 0 only when every record was acknowledged; records beyond a shard's limit are tried \
                again. A summary goes to standard error.

                Examples:
                  echo hello | millrace stream put greetings
                  millrace stream put users --key-separator : <<< 'ann:{"age":7}'
                  millrace stream put events log.txt --endpoint https://kinesis.eu-west-1.amazonaws.com
                """
        )

        /// As PutRecords takes them.
        private static let recordsMax = 500
        private static let bytesMax = 4 << 20
        /// How long a record that is refused for now is tried again.
        private static let patience = Duration.seconds(60)

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Argument(help: "Files of lines; `-` is standard input. (default: -)", completion: .file())
        var files: [String] = []

        @Option(help: "Each line is PARTITION KEY, this text, DATA.")
        var keySeparator: String?

        @Option(help: "The partition key of every record. (default: another one for each)")
        var key: String?

        func validate() throws {
            if self.key != nil, self.keySeparator != nil {
                throw ValidationError("Give either --key or --key-separator.")
            }
            if self.keySeparator?.isEmpty == true { throw ValidationError("--key-separator must not be empty.") }
        }

        func run() async throws {
            try await Reporting.run {
                let client = try self.kinesis.client()
                Interruption.watch()
                var progress = Progress()
                var totals = (records: 0, bytes: 0)
                for file in self.files.isEmpty ? ["-"] : self.files {
                    let lines = try LineReader(path: file)
                    while let some = try await lines.next() {
                        var batch: [KinesisClient.PutEntry] = []
                        var batchBytes = 0
                        for line in some {
                            let record = try self.record(line)
                            let bytes = record.data.count + record.partitionKey.utf8.count
                            if batch.count == Self.recordsMax || batchBytes + bytes > Self.bytesMax, !batch.isEmpty {
                                try await self.put(&batch, client)
                                batchBytes = 0
                            }
                            batch.append(record)
                            batchBytes += bytes
                            totals.records += 1
                            totals.bytes += bytes
                            progress.update(records: totals.records, bytes: totals.bytes)
                        }
                        if !batch.isEmpty { try await self.put(&batch, client) }
                    }
                }
                progress.clear()
                let figures = Progress.figures(records: totals.records, bytes: totals.bytes, seconds: progress.seconds)
                StandardError.write("put \(figures)\n")
                if Interruption.isRequested { throw ExitCode(130) }
            }
        }

        private func record(_ line: ByteBuffer) throws -> KinesisClient.PutEntry {
            let data = Data(line.readableBytesView)
            if let key { return .init(partitionKey: key, data: data) }
            guard let keySeparator else {
                return .init(partitionKey: String(UInt64.random(in: .min ... .max)), data: data)
            }
            guard let range = data.firstRange(of: Array(keySeparator.utf8)), range.lowerBound > data.startIndex else {
                throw Failure("a line has no partition key before '\(keySeparator)'")
            }
            return .init(
                partitionKey: String(decoding: data[..<range.lowerBound], as: UTF8.self),
                data: Data(data[range.upperBound...])
            )
        }

        /// Returns when all are acknowledged; `records` is empty then.
        private func put(_ records: inout [KinesisClient.PutEntry], _ client: KinesisClient) async throws {
            let end = ContinuousClock.now + Self.patience
            var pause = Duration.milliseconds(50)
            while !records.isEmpty {
                do {
                    records = try await client.put(records, to: self.name)
                    if records.isEmpty { return }
                    guard ContinuousClock.now < end else {
                        throw Failure(
                            "\(records.count) records were refused for a minute: the stream's limit is reached"
                        )
                    }
                } catch let refusal as KinesisClient.Refused where refusal.isThrottling && ContinuousClock.now < end {}
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }
}
