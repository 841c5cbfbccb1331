// The one route table: which role may call which method, and of what kind the method is. A role
// opens only its own services, and no method that changes state is open to two roles.
// Source: the API design, section 7.2; README D27. A method of the .proto files without a row here
// does not compile; a certificate only opens the door, authority comes from signed documents.
import type { ApprovalServiceDefinition } from '../gen/custody/v1/ApprovalService.ts'
import type { AuditServiceDefinition } from '../gen/custody/v1/AuditService.ts'
import type { CeremonyServiceDefinition } from '../gen/custody/v1/CeremonyService.ts'
import type { NodeLinkServiceDefinition } from '../gen/custody/v1/NodeLinkService.ts'
import type { PolicyServiceDefinition } from '../gen/custody/v1/PolicyService.ts'
import type { SigningServiceDefinition } from '../gen/custody/v1/SigningService.ts'
import type { VaultServiceDefinition } from '../gen/custody/v1/VaultService.ts'

export const roles = ['caller', 'approver', 'operator', 'node', 'coordinator'] as const
export type Role = (typeof roles)[number]

/** Unary calls carry a deadline; streams are watched by what they carry. */
export type RouteKind = 'unary' | 'down' | 'both'

export interface Route {
  readonly kind: RouteKind
  readonly roles: readonly Role[]
}

interface Definitions {
  readonly SigningService: SigningServiceDefinition
  readonly ApprovalService: ApprovalServiceDefinition
  readonly PolicyService: PolicyServiceDefinition
  readonly VaultService: VaultServiceDefinition
  readonly AuditService: AuditServiceDefinition
  readonly CeremonyService: CeremonyServiceDefinition
  readonly NodeLinkService: NodeLinkServiceDefinition
}

type Names<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] } & string

export type ServiceName = keyof Definitions
export type MethodName<S extends ServiceName> = Names<Definitions[S]>
/** The loader's definition of a method: its four message types. */
export type MethodTypes<S extends ServiceName, M extends MethodName<S>> = Definitions[S][M]

const caller = ['caller'] as const
const approver = ['approver'] as const
const operator = ['operator'] as const
const people = ['caller', 'approver', 'operator'] as const

export const routes = {
  SigningService: {
    SubmitIntent: { kind: 'unary', roles: caller },
    GetRequest: { kind: 'unary', roles: caller },
    ListRequests: { kind: 'unary', roles: caller },
    WatchRequests: { kind: 'down', roles: caller },
    CancelRequest: { kind: 'unary', roles: caller },
    SimulateIntent: { kind: 'unary', roles: caller },
  },
  ApprovalService: {
    ListPending: { kind: 'unary', roles: approver },
    GetApprovalPackage: { kind: 'unary', roles: approver },
    SubmitDecision: { kind: 'unary', roles: approver },
  },
  PolicyService: {
    GetRuleset: { kind: 'unary', roles: people },
    GetLimits: { kind: 'unary', roles: people },
    SubmitFreeze: { kind: 'unary', roles: approver },
    SubmitRoot: { kind: 'unary', roles: operator },
  },
  VaultService: {
    ListVaults: { kind: 'unary', roles: people },
    GetVault: { kind: 'unary', roles: people },
    CreateVault: { kind: 'unary', roles: operator },
    GetInvitations: { kind: 'unary', roles: operator },
    GetExport: { kind: 'unary', roles: operator },
    CreateDepositAddress: { kind: 'unary', roles: caller },
    ListDepositAddresses: { kind: 'unary', roles: people },
  },
  AuditService: {
    GetCheckpoint: { kind: 'unary', roles: people },
    ReadEntries: { kind: 'unary', roles: people },
    GetProof: { kind: 'unary', roles: people },
    Export: { kind: 'down', roles: people },
    GetStatus: { kind: 'unary', roles: people },
  },
  CeremonyService: {
    ListCeremonies: { kind: 'unary', roles: people },
    PrepareCeremony: { kind: 'unary', roles: operator },
    GetBundle: { kind: 'down', roles: operator },
    PutBundlePart: { kind: 'unary', roles: operator },
    ImportCeremony: { kind: 'unary', roles: operator },
    AbortCeremony: { kind: 'unary', roles: operator },
    AnchorCold: { kind: 'unary', roles: operator },
  },
  NodeLinkService: {
    Attach: { kind: 'both', roles: ['node'] },
  },
} as const satisfies { [S in ServiceName]: { [M in MethodName<S>]: Route } }

export type KindOf<S extends ServiceName, M extends MethodName<S>> = (typeof routes)[S] extends {
  readonly [K in M]: { readonly kind: infer Kind extends RouteKind }
}
  ? Kind
  : never

/** The route of `/custody.v1.SigningService/GetRequest`; undefined for an unknown path. */
export function routeOf(path: string): Route | undefined {
  return byPath.get(path)
}

export function pathOf(service: string, method: string): string {
  return `/custody.v1.${service}/${method}`
}

const byPath: ReadonlyMap<string, Route> = new Map(
  Object.entries(routes).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, route]): [string, Route] => [
      pathOf(service, method),
      route,
    ]),
  ),
)
