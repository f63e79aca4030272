package import LogObjects
package import Metadata
package import Model

/// How a broker becomes an incarnation: it registers under a session, then makes its ownership key.
///
/// A registration that is there already is an earlier life of the same data directory, which is fenced at once, or
/// another broker with the same ID, which is waited for until its session could have run out.
///
/// | event \ state | looking | fencing the predecessor | closing its session | registering | claiming (number) | over |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | `found` | what follows from it | our bug | our bug | our bug | our bug | our bug |
/// | `committed` | our bug | close its session, or look | our bug | claim, or look | serve, or refuse | our bug |
/// | `commitFailed` | our bug | look | our bug | look | claim again | our bug |
/// | `sessionClosed` | our bug | our bug | look | our bug | our bug | our bug |
package struct RegistrationMachine {
    package enum Action: Sendable, Equatable {
        /// Read the registration, after a while; report `found`.
        case look(afterMilliseconds: Int64)
        /// Report `committed` or `commitFailed`.
        case commit(MetadataTransaction)
        /// Report `sessionClosed`, also when that failed: it runs out by itself.
        case closeSession(MetadataSessionID)
        /// The broker is this incarnation from now on.
        case serve(Incarnation)
        /// The broker must not start.
        case refuse(String)
    }

    private enum State {
        case looking
        case fencingPredecessor(MetadataSessionID?)
        case closingSession
        case registering
        case claiming(number: Int64)
        case over
    }

    private static let pauseMilliseconds: Int64 = 250

    private let broker: BrokerID
    private let registration: BrokerRegistration
    private let session: MetadataSessionID
    private let deadline: Int64
    private var state = State.looking

    /// - Parameters:
    ///   - registration: of this broker, before it listens.
    ///   - deadline: how long another instance's registration is waited for.
    package init(_ broker: BrokerID, _ registration: BrokerRegistration, session: MetadataSessionID, deadline: Int64) {
        self.broker = broker
        self.registration = registration
        self.session = session
        self.deadline = deadline
    }

    private var key: MetadataKey { BrokerRegistration.key(self.broker) }

    package mutating func started() -> Action { .look(afterMilliseconds: 0) }

    /// - Parameter entry: of `BrokerRegistration.key`.
    package mutating func found(_ entry: MetadataEntry?, now: Int64) -> Action {
        guard case .looking = self.state else { preconditionFailure("nobody asked for the registration") }
        guard let entry else {
            self.state = .registering
            return .commit(
                MetadataTransaction(
                    compares: [.isMissing(self.key)],
                    success: [.put(key: self.key, value: self.registration.encoded, session: self.session)]
                )
            )
        }
        // The answer of the transaction that made it was lost.
        if entry.session == self.session { return self.claim(entry.createRevision) }
        let other: BrokerRegistration
        do throws(MetadataError) {
            other = try BrokerRegistration(decoding: entry.value)
        } catch {
            return self.refuse("the registration of broker \(self.broker) cannot be read: \(error.message)")
        }
        if other.instance == self.registration.instance {
            self.state = .fencingPredecessor(entry.session)
            let predecessor = Incarnation(broker: self.broker, number: entry.createRevision)
            return .commit(
                MetadataTransaction(
                    compares: [.isUnchanged(self.key, since: entry.modRevision)],
                    success: [
                        .delete(.key(self.key)),
                        .put(key: EngineKeys.ownership(predecessor), value: OwnershipState.fenced.value),
                    ]
                )
            )
        }
        guard now < self.deadline else {
            let places = other.endpoints.values.map { "\($0.host):\($0.port)" }.sorted().joined(separator: ", ")
            return self.refuse(
                "another broker with node.id \(self.broker) is running\(places.isEmpty ? "" : " at \(places)"): "
                    + "give each broker its own"
            )
        }
        return .look(afterMilliseconds: Self.pauseMilliseconds)
    }

    package mutating func committed(_ outcome: MetadataOutcome) -> Action {
        switch self.state {
        case .fencingPredecessor(let session):
            guard outcome.succeeded, let session else { return self.lookAgain() }
            // It may have been the controller.
            self.state = .closingSession
            return .closeSession(session)
        case .registering:
            return outcome.succeeded ? self.claim(outcome.revision) : self.lookAgain()
        case .claiming(let number):
            guard outcome.succeeded || Self.isActive(outcome) else {
                return self.refuse("the session of broker \(self.broker) ended while it registered")
            }
            self.state = .over
            return .serve(Incarnation(broker: self.broker, number: number))
        case .looking, .closingSession, .over: preconditionFailure("an outcome of no transaction")
        }
    }

    /// The transaction may or may not have taken place.
    package mutating func commitFailed() -> Action {
        switch self.state {
        case .fencingPredecessor, .registering: return self.lookAgain(Self.pauseMilliseconds)
        // It writes the same key with the same value.
        case .claiming(let number): return self.claim(number)
        case .looking, .closingSession, .over: preconditionFailure("a failure of no transaction")
        }
    }

    package mutating func sessionClosed() -> Action {
        guard case .closingSession = self.state else { preconditionFailure("nobody asked to close a session") }
        return self.lookAgain()
    }

    private mutating func lookAgain(_ milliseconds: Int64 = 0) -> Action {
        self.state = .looking
        return .look(afterMilliseconds: milliseconds)
    }

    private mutating func claim(_ number: Int64) -> Action {
        self.state = .claiming(number: number)
        let key = EngineKeys.ownership(Incarnation(broker: self.broker, number: number))
        return .commit(
            MetadataTransaction(
                compares: [
                    MetadataCompare(self.key, .equal, .createRevision(number)),
                    // Who fenced it meanwhile keeps the last word.
                    .isMissing(key),
                ],
                success: [.put(key: key, value: OwnershipState.active.value)],
                failure: [.range(.key(key))]
            )
        )
    }

    /// Whether an earlier attempt made the ownership key, whose answer was lost.
    private static func isActive(_ outcome: MetadataOutcome) -> Bool {
        guard case .range(let range)? = outcome.responses.first else { return false }
        return range.entries.first?.value == OwnershipState.active.value
    }

    private mutating func refuse(_ reason: String) -> Action {
        self.state = .over
        return .refuse(reason)
    }
}
