internal import Glibc
internal import NIOCore

// Why a port cannot be listened on, in the words of the option that named it.

extension ServerProcess {
    static func bindFailure(
        _ address: ServeConfiguration.Address,
        option: String,
        _ error: any Error
    ) -> Failure {
        let place = "\(address.host):\(address.port)"
        if let error = error as? IOError, error.errnoCode == EADDRINUSE {
            return Failure(
                "\(place) is in use by another process; choose another with \(option) HOST:PORT (port 0 picks a free one)"
            )
        }
        if let error = error as? IOError, error.errnoCode == EACCES {
            return Failure("not allowed to listen on \(place); choose a port above 1023 with \(option) HOST:PORT")
        }
        return Failure("cannot listen on \(place) (\(option)): \(error)")
    }
}
