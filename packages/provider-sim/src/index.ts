export {
  analyse,
  DEFAULT_SCOPES,
  type Analysis,
  type AnalysisOptions,
  type ScopeAnalysis,
  type ScopeOf,
} from './analyse.ts';
export type { Behaviour, Fault, RecipientRule, Stage, Wording } from './behaviour.ts';
export type { Keep } from './content-reader.ts';
export { startDnsServer, type DnsServer } from './dns-server.ts';
export type { NameRecords, Zone } from './dns-zone.ts';
export { selfSignedCertificate, type Certificate } from './certificate.ts';
export { PROVIDER_REPLIES, type RefusalReason, type ReplyFamily, type ReplyText } from './provider-replies.ts';
export type { ProviderStats, ReceivedMessage } from './provider-state.ts';
export { readReferee, Referee } from './referee.ts';
export { parseRefereeLine, type RefereeEvent } from './referee-event.ts';
export { parseScenario, type MxHostSpec, type ProviderSpec, type Scenario } from './scenario.ts';
export { startProviders, type Provider, type Providers, type StartOptions } from './start-providers.ts';
export {
  DEAD_MX_HOST,
  DEMO_LIMITS,
  DEMO_SEED,
  demoProviders,
  demoRecipients,
  demoScenario,
  EXPECTED,
  type DemoRecipient,
} from './demo-scenario.ts';
export { startControlServer } from './control-server.ts';
export { LIMIT_WINDOWS_MS, limitViolations, type ProviderLimits } from './limit-violations.ts';
