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
  /** Travels with its line, so a page of lines holds few of them. */
  orderBytesMax: 65_536,
  /** With less free a node begins nothing: what runs, and some pages of lines, still find room. */
  roomBytesMin: 16_777_216,
  /** The embedded database takes 16 MiB at a time for its own log. */
  databaseRoomBytesMin: 67_108_864,
  documentBytesMax: 262_144,
  /** Of a ceremony: it is printed, read aloud, and carried. */
  planBytesMax: 131_072,
  /** Requests of one sitting: each is read, typed and signed by people. */
  plannedRequestsMax: 32,
  plannedPeopleMax: 64,
  /** 14 days from the first to the last moment at which a ceremony may be held. */
  planWindowMsMax: 1_209_600_000,
  /** H-1: one audit entry. */
  entryBytesMax: 65_535,
  intentBytesMax: 8_192,
  /** 90 days from `created` to `notAfter`. */
  intentLifetimeMsMax: 7_776_000_000,
  approvalBytesMax: 4_096,
  /** An unsigned transaction; ours are below 300 bytes. */
  transactionBytesMax: 4_096,
  /** Gas of one EVM transaction: Ethereum takes no more since Fusaka (EIP-7825). */
  transactionGasMax: 2 ** 24,
  /** Of a contract call: with it a transaction has all other fields at their widest. */
  calldataBytesMax: 3_840,
  /** A message to sign, as text: beside it an intent has all other fields. */
  messageBytesMax: 4_000,
  /** Values of typed data: each is a line that people read. */
  messageLeavesMax: 64,
  /** A declaration (EIP-191), which people read whole. */
  declarationBytesMax: 1_024,
  jsonDepthMax: 16,
  jsonItemsMax: 65_536,
  documentsPerSubmitMax: 8,
  /** Of an import: at most 16 sealed shares; it travels in one request and one Prepare. */
  dealingBytesMax: 32_768,
  /** Keys for imports that a node keeps at one time; a vault has one. */
  invitationsMax: 16,
  /** Addresses of an imported key that signed before: each is a line that people read. */
  importNoncesMax: 32,
  /** Where one goes on at the most: rows of the log say the nonces after it too. */
  firstNonceMax: 2 ** 48,
  /** Of one warrant, so no quorum may ask for more people. */
  approvalsPerIntentMax: 64,
  /** Of one directory; each decides once, so facts hold no more approvals. */
  personsMax: 1_024,
  /** Facts of one evaluation: every person's approval and a figure of every limit. */
  factsBytesMax: 1_048_576,
  /** Ways from vault to class by asset that all rules of a policy allow together. */
  legsPerPolicyMax: 100_000,
  attemptsPerIntentMax: 8,
  /** That were tried, each with attempts of its own above all before it. */
  cancelsPerIntentMax: 8,
  ceremonyVaultsMax: 16,
  /** Tries of one control proof, each of which a node writes down once. */
  proofAttemptsMax: 256,
  sessionsPerNodeMax: 64,
  /** Keys of others that are kept ready to verify with: of persons, nodes and witnesses in use. */
  verifyKeysMax: 512,
  nodesMax: 16,
  /** From one epoch of a key to the next, and one for each line since: there are 2^32. */
  epochStepMax: 256,
  /** Of one log: whoever proves the newest root walks all of them. */
  rootsMax: 64,
  witnessesMax: 32,
  /** Beside a message that was taken: an honest sender has no other, and equal bytes are free. */
  copiesOpenedMax: 8,
  /** Of one peer in one session, under its own seal: then it is heard no more in it. */
  wrongSignaturesMax: 8,
  acceptanceLifetimeMs: 10_000,
  roundTimeoutMs: 5_000,
  sessionTimeoutMs: 20_000,
  /** With pairings made in the session: three rounds more. */
  freshSessionTimeoutMs: 35_000,
  /** Of one session at a ceremony's table, where cards may be carried by hand. */
  tableWaitMsMax: 86_400_000,
  /** A document of the script between the Record station and a station. */
  paperBytesMax: 262_144,
  /** One file on a card: what one side has to say in one step, at most 16 sealed messages. */
  cardBytesMax: 16_777_216,
  /** Of a Seal medium: a Seal, a label or a station card, all of which are much shorter. */
  mediumFileBytesMax: 1_048_576,
  /** Files of one life of one side; a ceremony has tens of steps. */
  cardFilesMax: 9_999,
  /** Of a worker thread that has something to compute: then it is ended and replaced. */
  threadSilenceMs: 20_000,
  /** A worker thread without work gives its memory back; the next work begins another. */
  threadIdleMs: 30_000,
  /** Failed sessions that a node has not spoken of yet: all that fail within one round's time. */
  lastWordsMax: 256,
  /** Strikes and bans for which a disk had no room: of a few sessions that ran when it filled. */
  owedWritesMax: 256,
  /** Documents against one peer that a node keeps; the strikes go on being counted. */
  evidencePerPeerMax: 64,
  /** N3: the attempt line's `t` against a node's own clock. */
  clockSkewMs: 120_000,
  jobLeaseMs: 20_000,
  jobRenewMs: 5_000,
  logHeartbeatMs: 30_000,
  streamHeartbeatMs: 15_000,
  /** Between two pair set-ups with one peer through one coordinator. */
  pairSetupIntervalMs: 10_000,
  reconnectMsMin: 200,
  reconnectMsMax: 5_000,
  /** Every unary call must carry a deadline of at most this. */
  callDeadlineMs: 30_000,
  /** Per gRPC peer. */
  concurrentStreamsMax: 64,
  /** Streams down to one client key: each may hold a part of an Export for a reader that stalls. */
  streamsDownPerClientMax: 16,
  handshakeTimeoutMs: 5_000,
  /** Of one server: handshakes and open connections together. */
  connectionsMax: 1_024,
  /** Of one client key; programs keep one, a restart overlaps. */
  connectionsPerClientMax: 16,
  /** Without a call on it; clients dial again by themselves. */
  connectionIdleMs: 60_000,
  /** A connection ends after this, and its calls the grace later; links dial anew before. */
  connectionAgeMs: 3_600_000,
  connectionGraceMs: 30_000,
  keepaliveMs: 20_000,
  keepaliveTimeoutMs: 10_000,
  /** The largest answer of a unary call: documents in force, a page of lines. */
  replyBytesMax: 4_194_304,
  /** `SubmitIntent` waits this long for the sequencer, never for people. */
  submitWaitMs: 1_000,
  /** Bytes that may wait for one slow stream before it is closed. */
  streamBufferBytesMax: 8_388_608,
  /** A stream that waits longer than this for its reader is cut. */
  streamStallMs: 30_000,
  inboxRowsPerRunMax: 1_000,
  pendingRequestsPerCallerMax: 1_000,
  listPageMax: 200,
  /** Of one payout file: as many as one caller may have open. */
  payoutLinesMax: 1_000,
  payoutBytesMax: 1_048_576,
  /** Of one list of requests that a watcher reads. */
  requestPagesMax: 500,
  /** Deposit addresses that a watcher asks the balances of in one look. */
  sweptPerLookMax: 1_000,
  bodySizeMax: 65_536,
  /** An Export is read whole by the verifier, so it must fit its memory. */
  exportFilesMax: 65_536,
  /** One part of an exported key, sealed: of 16 exporters it has two kilobytes. */
  sealedPartBytesMax: 16_384,
  /** Root, line, proof and all parts, as they go to the recipient. */
  parcelBytesMax: 1_048_576,
  exportBytesMax: 1_073_741_824,
  /** What one range of blocks says of own addresses; a longer range is two files. */
  chainFileBytesMax: 134_217_728,
  chainFileAccountsMax: 4_096,
  /** Values in one line of it: the first has every account with all its assets, a million alone. */
  chainFileItemsMax: 4_194_304,
  /** Deposit addresses at which something happened in the range; a line of the file each. */
  chainFileDepositsMax: 65_536,
  /** Of an endpoint: a block with all its transactions, whole. */
  chainAnswerBytesMax: 4_194_304,
  /** A whole block of Tron with the results of all its transactions, which an auditor reads. */
  tronResultsBytesMax: 33_554_432,
  chainFileAssetsMax: 64,
  /** One line of a Record: a sentence for each field of an exception. */
  recordLineBytesMax: 16_384,
  /** Of one ceremony: 16 stations send a line a round, for each of its requests. */
  recordLinesMax: 16_384,
  recordBytesMax: 16_777_216,
  /** Said beside the script, and not yet in the Record. */
  roomNotesMax: 64,
  /** One for each person in a role who was present. */
  statementsMax: 128,
  statementsBytesMax: 1_048_576,
  /** What one sitting brings home: of 32 requests a signature, or a key, and all about it. */
  resultLinesMax: 1_024,
  resultDocumentsMax: 1_024,
  resultsBytesMax: 4_194_304,
  /** A Bundle is carried on a card and read whole at every station. */
  bundleFilesMax: 64,
  bundleBytesMax: 67_108_864,
  /** Heads of the main log from which a newer one is proved to have grown: one for each Bundle. */
  mainStepsMax: 128,
  /** Such a head with its roots and proofs, which goes over the wire in one message. */
  mainHeadBytesMax: 786_432,
  /** Bundles out that one operator has put for one plan; a further one takes the oldest's place. */
  bundlesPerOperatorMax: 4,
  /** Calls by which one is put: a file comes in parts, so that no call is large. */
  bundlePartsMax: 8_192,
  /** Of one vault: all of them can be derived anew within an hour. */
  depositIndexMax: 16_777_216,
  /** Indices that one line opens; a coordinator that starts leaves the rest of its last ones. */
  depositBlockMax: 256,
  /** A service's own name of a customer. */
  referenceLengthMax: 128,
  /** Addresses that a node is asked for at once: each is derived and signed. */
  addressesPerCallMax: 50,
  /** All roots of a log and one word of each node. */
  addressFileBytesMax: 2_097_152,
  /** A payer believes no older word: the key may have been destroyed since. 30 days. */
  addressAgeMsMax: 2_592_000_000,
  /** A node that has read nothing newer for so long says nothing of addresses. */
  addressViewMsMax: 600_000,
  /** Of one node, whoever asks: it derives and signs each. */
  addressesPerMinuteMax: 12_000,
} as const
