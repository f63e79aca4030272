// What the OpenAPI document says of access keys, roles and tokens.
extension AccessRoutes {
    static let userSchema = JSONSchema.object([
        .init("user", .string), .init("lifeSeconds", .integer(minimum: 1), isRequired: false, "Of a token."),
    ])

    static let keySchema = JSONSchema.named(
        "AccessKey",
        .object([
            .init("accessKeyID", .string), .init("user", .string), .init("isEnabled", .boolean),
            .init("createdAt", .integer()),
            .init("secretAccessKey", .string, isRequired: false, "Of a new key only."),
        ])
    )

    static let keysSchema = JSONSchema.object([.init("accessKeys", .array(keySchema))])

    static let rolesSchema = JSONSchema.object([
        .init(
            "roles",
            .array(
                .object([.init("user", .string), .init("role", .string), .init("isConfigured", .boolean)])
            )
        )
    ])

    static let tokenSchema = JSONSchema.named(
        "AdminToken",
        .object([
            .init("tokenID", .string), .init("user", .string), .init("createdAt", .integer()),
            .init("expiresAt", .integer()), .init("token", .string, isRequired: false, "Of a new token only."),
        ])
    )

    static let tokensSchema = JSONSchema.object([.init("tokens", .array(tokenSchema))])
}
