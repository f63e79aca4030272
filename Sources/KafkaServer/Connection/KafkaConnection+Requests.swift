internal import AccessControl
internal import Authentication
internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore
internal import Serving

// From frames to requests that are under way.

extension KafkaConnection {
    /// Takes what has arrived, as far as the core lets requests begin, and reads the socket on.
    func takeRequests() {
        // An answer given at once calls back into here; the loop below sees what it changed.
        guard self.turn == .outside else { return }
        self.turn = .takingRequests
        defer { self.turn = .outside }
        self.retryHeld()
        while self.core.takesRequests {
            do throws(FrameDecoder.Violation) {
                guard let frame = try self.frames.next() else { break }
                let requestClass = self.requestClass(of: frame)
                let action = self.core.requestArrived(
                    requestClass,
                    bytes: frame.readableBytes,
                    obstacle: self.obstacle(to: requestClass)
                )
                self.carryOut(action, frame)
            } catch {
                self.close(for: error)
            }
        }
        self.claimMemory()
        if self.core.resumeReading() { self.context?.read() }
    }

    private func retryHeld() {
        guard self.core.isHeldForTurn, let requestClass = self.core.heldClass, let frame = self.heldFrame,
            let action = self.core.retryHeld(obstacle: self.obstacle(to: requestClass))
        else { return }
        self.carryOut(action, frame)
    }

    private func requestClass(of frame: ByteBuffer) -> RequestClass {
        // Nothing overlaps before a client has authenticated; then a frame may also be a token without a header.
        if let sasl, sasl.machine.login == nil { return .control }
        return RequestHeader.apiKey(ofFrame: frame).flatMap(ServedAPI.api)?.requestClass ?? .control
    }

    private func obstacle(to requestClass: RequestClass) -> ConnectionCore.Obstacle? {
        switch requestClass {
        case .append: self.services.broker.isProduceCongested ? .congestion : nil
        case .read: self.memory.isExhausted ? .memory : nil
        case .control: nil
        }
    }

    private func carryOut(_ action: ConnectionCore.StartAction, _ frame: ByteBuffer) {
        switch action {
        case .start(let ticket):
            let arrived = self.heldSince
            self.heldFrame = nil
            self.heldSince = nil
            self.start(frame, ticket, arrived: arrived)
        case .hold(let reason):
            self.heldFrame = frame
            if self.heldSince == nil { self.heldSince = .now() }
            self.awaitRelief(from: reason)
        }
    }

    private func awaitRelief(from reason: ConnectionCore.HoldReason) {
        guard let eventLoop = self.context?.eventLoop, let reference = self.reference else { return }
        switch reason {
        case .turn: break
        case .congestion: self.services.broker.onProduceRelief(on: eventLoop) { reference.value?.relieved() }
        case .memory:
            self.memoryClaim = self.memory.whenAvailable(on: eventLoop) { _ in reference.value?.relieved() }
        }
    }

    private func relieved() {
        guard let requestClass = self.core.heldClass, let frame = self.heldFrame,
            let action = self.core.relieved(obstacle: self.obstacle(to: requestClass))
        else { return }
        self.carryOut(action, frame)
        self.advance()
    }

    private func close(for violation: FrameDecoder.Violation) {
        guard case .length(let length, let limit) = violation else {
            self.close(.lostRead, because: "a read of the socket was lost")
            return
        }
        // The first four bytes of another protocol, read as a length.
        let bytes = withUnsafeBytes(of: length.bigEndian) { Array($0) }
        if let advice = ProtocolHint(firstBytes: bytes)?.adviceOnKafkaPort {
            self.close(.wrongProtocol, because: advice)
        } else {
            self.close(.frameLength, because: "a frame of \(length) bytes; socket.request.max.bytes is \(limit)")
        }
    }

    // MARK: Dispatch

    /// - Parameter arrived: of a request that had to wait.
    private func start(_ frame: ByteBuffer, _ ticket: RequestTicket, arrived: NIODeadline?) {
        guard let context, let session else { return }
        if let sasl, sasl.machine.expectsBareToken { return self.receiveBareToken(frame, ticket) }
        var body = frame
        do {
            let header = try RequestHeader.decode(from: &body)
            let now = NIODeadline.now()
            var info = RequestInfo(
                header: header,
                session: session,
                rights: self.rights(of: session),
                arrived: arrived ?? now,
                started: now
            )
            guard let api = ServedAPI.api(header.apiKey) else {
                self.close(.notServed, because: "API \(header.apiKey) (key \(header.apiKey.rawValue)) is not served")
                return
            }
            guard api.versions.contains(header.apiVersion) else {
                self.refuseVersion(of: api, info, ticket)
                return
            }
            guard self.admit(api, info, &body, ticket) else { return }
            let refusal = self.passGate(api, info, bytes: frame.readableBytes)
            if self.quotas.isLimitingRequests {
                if api.requestClass == .append { self.produceBegins(&info, bytes: frame.readableBytes) }
                _ = self.loopTime.begin(now: now)
            }
            defer { self.loopTime.end() }
            try api.start(&body, info, self, ticket, context.eventLoop, self.services, refusal)
        } catch {
            self.close(.malformed, because: "malformed request: \(error)")
        }
    }

    /// What the session's principal may do now. Kept until its ACLs, or the session, are others.
    private func rights(of session: Session) -> Rights {
        if session.principal == .broker { return .unrestricted }
        let authorizer = self.services.broker.authorizer
        if let known = self.knownRights, known.session === session, known.rights.version == authorizer.version {
            return known.rights
        }
        let rights = authorizer.rights(of: session.principal, from: session.remote.host)
        self.knownRights = (session, rights)
        return rights
    }

    private func refuseVersion(of api: ServedAPI, _ info: RequestInfo, _ ticket: RequestTicket) {
        guard api.key == .apiVersions else {
            self.close(
                .notServed,
                because: "version \(info.version) of \(api.key) is not served "
                    + "(\(api.versions.lowerBound) to \(api.versions.upperBound) are)"
            )
            return
        }
        // A client that is newer than this server learns in version 0 what is served (KIP-511).
        var info = info
        info.header.apiVersion = 0
        self.answer(ticket, with: ApiVersionsAPI.unsupportedVersion(), to: info)
    }

    /// - Returns: the error to answer the request with instead of carrying it out.
    private func passGate(
        _ api: ServedAPI,
        _ info: RequestInfo,
        bytes: Int
    ) -> ErrorCode? {
        let request = GateRequest(session: info.session, operation: api.name, clientID: info.clientID, bytes: bytes)
        switch self.services.gate.decide(request) {
        case .permit: return nil
        case .refuse(let reason): return ErrorCode(reason, of: api.key)
        }
    }
}
