// Every upper bound of the system, with its reason. Reaching one is a Refusal or an Abort, and a
// test reaches each. Bytes, counts and lifetimes; units stand last in the name.

export const limits = {
  /** One frame between coordinator and node; protocol rounds need about 64 kB a peer. */
  frameBytesMax: 1_048_576,
  /** A `Lines` page: bounded both ways, so that catching up never holds a node's loop. */
  pageLinesMax: 2_000,
  pageBytesMax: 524_288,
  pagesUnacknowledgedMax: 2,
  warrantBytesMax: 65_536,
  documentBytesMax: 262_144,
  /** H-1: one audit entry. */
  entryBytesMax: 65_535,
  intentBytesMax: 8_192,
  approvalBytesMax: 4_096,
  /** An unsigned transaction; ours are below 300 bytes. */
  transactionBytesMax: 4_096,
  jsonDepthMax: 16,
  jsonItemsMax: 65_536,
  documentsPerSubmitMax: 8,
  approvalsPerIntentMax: 64,
  attemptsPerIntentMax: 8,
  sessionsPerNodeMax: 64,
  nodesMax: 16,
  witnessesMax: 32,
  acceptanceLifetimeMs: 10_000,
  roundTimeoutMs: 5_000,
  sessionTimeoutMs: 20_000,
  /** N3: the attempt line's `t` against a node's own clock. */
  clockSkewMs: 120_000,
  jobLeaseMs: 20_000,
  jobRenewMs: 5_000,
  logHeartbeatMs: 30_000,
  streamHeartbeatMs: 15_000,
  /** Between two pair set-ups with one peer. */
  pairSetupIntervalMs: 10_000,
  reconnectMsMin: 200,
  reconnectMsMax: 5_000,
  /** Every unary call must carry a deadline of at most this. */
  callDeadlineMs: 30_000,
  /** Per gRPC peer. */
  concurrentStreamsMax: 64,
  handshakeTimeoutMs: 5_000,
  /** `SubmitIntent` waits this long for the sequencer, never for people. */
  submitWaitMs: 1_000,
  /** Bytes that may wait for one slow stream before it is closed. */
  streamBufferBytesMax: 8_388_608,
  inboxRowsPerRunMax: 1_000,
  pendingRequestsPerCallerMax: 1_000,
  listPageMax: 200,
  bodySizeMax: 65_536,
} as const
