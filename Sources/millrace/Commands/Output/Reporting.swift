internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import KafkaProtocol

/// What was asked for does not exist: exit code 2.
struct NotFound: Error, CustomStringConvertible {
    var description: String
}

/// The reader of standard output has gone, as with `| head`: the command ends quietly.
struct OutputClosed: Error {}

/// How every command ends: errors become one line on standard error and an exit code. Scripts rely on the codes.
///
/// | code | meaning |
/// | --- | --- |
/// | 0 | done |
/// | 1 | failed |
/// | 2 | what was named does not exist |
/// | 3 | some of what was named was done, and some failed |
/// | 4 | no server could be reached |
/// | 64 | the command line is wrong (`EX_USAGE` of sysexits.h, by which supervisors know `serve`) |
/// | 130 | interrupted before everything was done |
///
/// `check` and `repair` of a data directory have more codes of sysexits.h, and `check` of a server has those of Nagios.
enum Reporting {
    static let missing: Int32 = 2
    static let partial: Int32 = 3
    static let unreachable: Int32 = 4

    static func run(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch is OutputClosed {
            return
        } catch let error as ExitCode {
            throw error
        } catch let error as ValidationError {
            throw error
        } catch let error as OptionError {
            throw ValidationError(error.description)
        } catch is CancellationError {
            throw ExitCode(130)
        } catch {
            throw Self.end(Self.message(error), Self.code(error))
        }
    }

    /// Does something to each of several things, and says of each that fails why.
    ///
    /// - Throws: `ExitCode`: 3 when some succeeded, else that of the first failure.
    static func each<Item>(_ items: [Item], _ body: (Item) async throws -> Void) async throws {
        var firstCode: Int32?
        var done = 0
        for item in items {
            do {
                try await body(item)
                done += 1
            } catch let error where error is ClientError || error is NotFound || error is Failure {
                StandardError.write("millrace: \(Self.message(error))\n")
                firstCode = firstCode ?? Self.code(error)
                // The next one would wait as long, for the same answer.
                if Self.code(error) == Self.unreachable { break }
            }
        }
        if let firstCode { throw ExitCode(done > 0 ? Self.partial : firstCode) }
    }

    private static func code(_ error: any Error) -> Int32 {
        switch error {
        case let error as ClientError:
            switch error.code {
            case .unreachable: return Self.unreachable
            case .server(.unknownTopicOrPartition), .server(.groupIDNotFound): return Self.missing
            default: return 1
            }
        case is NotFound: return Self.missing
        case is HTTPExchange.Unreachable: return Self.unreachable
        case let error as Failure: return error.exitCode
        default: return 1
        }
    }

    private static func message(_ error: any Error) -> String {
        switch error {
        case let error as ClientError: error.message
        case let error as NotFound: error.description
        default: "\(error)"
        }
    }

    private static func end(_ message: String, _ code: Int32) -> ExitCode {
        StandardError.write("millrace: \(message)\n")
        return ExitCode(code)
    }
}
