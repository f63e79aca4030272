internal import ArgumentParser
internal import KafkaClient
internal import KafkaProtocol

/// What was asked for does not exist: exit code 2.
struct NotFound: Error, CustomStringConvertible {
    var description: String
}

/// The reader of standard output has gone, as with `| head`: the command ends quietly.
struct OutputClosed: Error {}

/// How every command ends: errors become one line on standard error and an exit code.
///
/// | code | meaning |
/// | --- | --- |
/// | 0 | done |
/// | 1 | failed |
/// | 2 | what was named does not exist |
/// | 64 | the command line is wrong |
/// | 130 | interrupted before everything was done |
enum Reporting {
    static func run(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ClientError {
            let isMissing =
                error.serverCode == .unknownTopicOrPartition || error.serverCode == .groupIDNotFound
            throw Self.end(error.message, isMissing ? 2 : 1)
        } catch let error as NotFound {
            throw Self.end(error.description, 2)
        } catch let error as Failure {
            throw Self.end(error.description, 1)
        } catch is OutputClosed {
            return
        } catch let error as ExitCode {
            throw error
        } catch let error as ValidationError {
            throw error
        } catch is CancellationError {
            throw ExitCode(130)
        } catch {
            throw Self.end("\(error)", 1)
        }
    }

    private static func end(_ message: String, _ code: Int32) -> ExitCode {
        StandardError.write("millrace: \(message)\n")
        return ExitCode(code)
    }
}
