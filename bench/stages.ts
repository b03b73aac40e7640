/** A part of a request's way, and what it may take: microseconds of CPU on a machine where nginx takes 16. */
export interface Stage {
  readonly name: string;
  /** Null where nothing was planned for it. */
  readonly budgetUs: number | null;
  /** Of its functions: a part of the path of their file, or of the path, a space and the name. */
  readonly frames: readonly string[];
}

/** nginx on the machine that the budgets were made for. */
export const BUDGET_NGINX_US = 16;

/** A moment counts for the stage of the innermost function on the stack that has one. */
export const STAGES: readonly Stage[] = [
  {
    name: 'parse and route',
    budgetUs: 3,
    frames: [
      'proxy/check-head',
      'domain/request-target',
      'domain/operations/',
      'domain/region',
      'domain/headers.js inbound',
    ],
  },
  {
    name: 'caller',
    budgetUs: 3,
    frames: ['proxy/authenticate', 'domain/credential-carriers', 'proxy/master-key', 'src/keys/', 'sigv4/verify'],
  },
  { name: 'body and hash', budgetUs: 4, frames: ['proxy/read-body'] },
  { name: 'policy', budgetUs: 2, frames: ['proxy/authorize', 'domain/policy/'] },
  {
    name: 'admit',
    budgetUs: 3,
    frames: ['proxy/admit', 'proxy/reserve', 'src/counters/', 'domain/limits/', 'caller-limits', 'settleLimits'],
  },
  { name: 'sign', budgetUs: 7, frames: ['proxy/forward', 'aws/sigv4/', 'upstream/identities', 'upstream/targets'] },
  {
    name: 'usage and price',
    budgetUs: 4,
    frames: ['domain/usage/', 'domain/pricing/', 'proxy/metered', 'domain/attribution'],
  },
  {
    name: 'spool',
    budgetUs: 8,
    frames: ['src/ledger/', 'domain/call-record-codec', 'proxy/settle', 'domain/usage-codec'],
  },
  { name: 'store', budgetUs: 6, frames: ['src/storage/'] },
  { name: 'sinks and metrics', budgetUs: 3, frames: ['src/sinks/', 'gateway-metrics', 'log-call'] },
  { name: 'collecting garbage', budgetUs: null, frames: ['(garbage collector)'] },
];

/** What is left: HTTP/1.1 to both sides, the relay, and the kernel below them. */
export const REST: Omit<Stage, 'frames'> = { name: 'sockets and relay', budgetUs: 30 };
