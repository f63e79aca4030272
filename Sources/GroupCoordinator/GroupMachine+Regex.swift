internal import Coordination
internal import Model
internal import Text

/// A regular expression of a group, and the topics that it is still to be matched with.
struct RegexWork: Sendable {
    let groupID: GroupID
    let pattern: String
    let expression: RegularExpression
    var names: ArraySlice<String>
    var matched: [String] = []
    /// Whether `names` are all topics there are, not just new ones.
    let isWhole: Bool
}

extension GroupMachine {
    /// States of automata that one event visits: about a millisecond.
    private static let stepsPerEvent = 200_000

    func validate(regex: String, in request: ConsumerHeartbeat) throws(GroupRefusal) {
        let known = self.consumers.indices[request.groupID]?.regexes ?? [:]
        if known[regex] != nil { return }
        guard known.count < self.settings.groupRegexesMax else {
            throw GroupRefusal(
                .invalidRegularExpression,
                "The group has \(known.count) different regular expressions; more are not allowed."
            )
        }
        guard regex.fitsRecord else { throw GroupRefusal(.invalidRegularExpression, "The expression is too long.") }
        do throws(RegularExpression.Failure) {
            _ = try RegularExpression(regex)
        } catch {
            throw GroupRefusal(
                .invalidRegularExpression,
                "SubscribedTopicRegex `\(regex)` is not a valid regular expression: \(error.reason)."
            )
        }
    }

    /// Matches an expression with topics, a portion per event; what it matches is recorded at the end.
    mutating func resolve(
        _ pattern: String,
        of groupID: GroupID,
        among names: [String],
        after delay: Duration = .zero,
        step: inout GroupStep
    ) {
        let isRunning = self.regexWork.contains { $0.isWhole && $0.groupID == groupID && $0.pattern == pattern }
        guard !isRunning, let expression = try? RegularExpression(pattern) else { return }
        self.enqueue(
            RegexWork(
                groupID: groupID,
                pattern: pattern,
                expression: expression,
                names: names.sorted()[...],
                isWhole: true
            ),
            after: delay,
            step: &step
        )
    }

    private mutating func enqueue(_ work: RegexWork, after delay: Duration = .zero, step: inout GroupStep) {
        if self.regexWork.isEmpty { step.startTimer(.regexes, delay) }
        self.regexWork.append(work)
    }

    /// Topics came, grew or went: groups that subscribe to them look at their topics again.
    mutating func followTopics(_ changes: TopicChanges, step: inout GroupStep) {
        let touched = Set((changes.added + changes.grown + changes.removed).map(\.name))
        guard !touched.isEmpty, !self.consumers.epochs.isEmpty else { return }
        self.staleGroups.formUnion(self.consumers.groups(subscribedTo: touched))
        let added = changes.added.map(\.name).filter { self.surroundings.topic(named: $0) != nil }
        let matchable = added.isEmpty ? [] : added.filter(Set(self.surroundings.topicNames).contains)
        for groupID in self.consumers.regexes.rows.keys.sorted() {
            for (pattern, resolved) in (self.consumers.regexes[groupID] ?? [:]).sorted(by: { $0.key < $1.key }) {
                if resolved.topicNames.contains(where: touched.contains) { self.staleGroups.insert(groupID) }
                guard !matchable.isEmpty, let expression = try? RegularExpression(pattern) else { continue }
                self.enqueue(
                    RegexWork(
                        groupID: groupID,
                        pattern: pattern,
                        expression: expression,
                        names: matchable.sorted()[...],
                        isWhole: false
                    ),
                    step: &step
                )
            }
        }
    }

    /// The `.regexes` timer: matches a portion.
    mutating func matchNextTopics(step: inout GroupStep) {
        guard !self.regexWork.isEmpty else { return }
        var steps = 0
        while let name = self.regexWork[0].names.first, steps < Self.stepsPerEvent {
            self.regexWork[0].names.removeFirst()
            steps += 1
            if self.regexWork[0].expression.matches(name, steps: &steps) { self.regexWork[0].matched.append(name) }
        }
        // One result per event: the next may be of the same expression, and must see this one replayed.
        if self.regexWork[0].names.isEmpty { self.finish(self.regexWork.removeFirst(), step: &step) }
        if !self.regexWork.isEmpty { step.startTimer(.regexes, .zero) }
    }

    private mutating func finish(_ work: RegexWork, step: inout GroupStep) {
        guard self.consumers.indices[work.groupID]?.regexes[work.pattern] != nil else { return }
        let known = self.consumers.regexes[work.groupID, work.pattern]
        var names = Set(work.matched)
        if !work.isWhole { names.formUnion(known?.topicNames ?? []) }
        let existing = names.filter { self.surroundings.topic(named: $0) != nil }.sorted()
        self.staleGroups.insert(work.groupID)
        guard existing != known?.topicNames, var edit = ConsumerGroupEdit(work.groupID, in: self.consumers) else {
            return
        }
        edit.resolve(
            work.pattern,
            ResolvedRegularExpression(topicNames: existing, version: 0, timestamp: step.now)
        )
        // The topics of the whole group may be the ones of before: another member may have subscribed to them.
        if existing != known?.topicNames ?? [] {
            edit.bumpEpoch(metadataHash: self.metadataHash(of: edit.subscribedTopicNames))
        }
        step.append(edit.records, purpose: .regex(work.groupID, work.pattern))
    }
}
