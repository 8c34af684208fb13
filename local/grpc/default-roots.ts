/**
 * gRPC reads this variable once, when it is loaded, and its clients in the local cloud's own process would then
 * trust only what the shell's file holds. Without it they follow Node's default certificates, to which
 * `connectThisProcess` adds the local authority. Import it before gRPC.
 */
delete process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH;
