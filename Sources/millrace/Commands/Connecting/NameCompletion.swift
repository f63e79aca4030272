internal import ArgumentParser

/// Names that the shell completes, asked of the server that the environment or the profile in use names.
extension CompletionKind {
    static var groupNames: CompletionKind { .shellCommand("millrace group list -o name 2>/dev/null") }
    static var topicNames: CompletionKind { .shellCommand("millrace topic list -o name 2>/dev/null") }
    static var streamNames: CompletionKind { .shellCommand("millrace stream list -o name 2>/dev/null") }
}
