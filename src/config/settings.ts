import { z } from 'zod';
import { isRegion } from '../domain/aws/partitions.ts';
import { parseBlock } from '../domain/policy/cidr.ts';
import { SERVICE_IDS, SERVICES } from '../domain/operations/services.ts';
import { meteringSettings } from './metering-settings.ts';
import { sinkSettings } from './sink-settings.ts';
import { flag, list, MIB, settingFacts, text, whole } from './setting.ts';

const endpointUrl = text.refine(isEndpoint, 'must be an http:// or https:// URL without user, query or fragment');

/** Every setting: its type, default, bounds, names and words. The documentation is written from this page. */
export const settingsSchema = z
  .strictObject({
    port: whole(0, 65_535, 4000).register(settingFacts, {
      env: ['OUTCROP_PORT'],
      about: 'Port to listen on; 0 takes a free one.',
    }),
    host: text
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_HOST'],
        about: 'Address to listen on. Default: 0.0.0.0 with a master key, 127.0.0.1 without.',
      }),
    dataDir: text.default('./outcrop-data').register(settingFacts, {
      env: ['OUTCROP_DATA_DIR'],
      about: 'Folder for everything the gateway keeps. In a container: a volume.',
    }),
    masterKey: text
      .max(256)
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_MASTER_KEY', 'LITELLM_MASTER_KEY'],
        secret: true,
        about: 'The key every caller must bring. Without one the gateway is open and listens on loopback only.',
      }),
    databaseUrl: text
      .refine(isPostgresUrl, 'must be a postgres:// or postgresql:// URL')
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['DATABASE_URL'],
        secret: true,
        about: 'PostgreSQL for virtual keys, in a schema of its own. Default: SQLite in dataDir.',
      }),
    secretKey: text
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_SECRET_KEY', 'LITELLM_SALT_KEY'],
        secret: true,
        about: 'What the data key of virtual keys is sealed under. Default: the master key.',
      }),
    secretKeyPrevious: text
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_SECRET_KEY_PREVIOUS'],
        secret: true,
        about: 'The secret before this one, for the start after a change: the data key is sealed anew.',
      }),
    allowWeakSecret: flag().register(settingFacts, {
      env: ['OUTCROP_ALLOW_WEAK_SECRET'],
      about: 'Listen beyond loopback with a secret or master key that can be guessed.',
    }),
    keyStaleSeconds: whole(0, 86_400, 300).register(settingFacts, {
      env: ['OUTCROP_KEY_STALE_SECONDS'],
      about: 'How long known keys go on working while the database is down.',
    }),
    ...meteringSettings,
    ...sinkSettings,
    failedLoginsPerMinuteMax: whole(1, 1_000_000, 30).register(settingFacts, {
      env: ['OUTCROP_FAILED_LOGINS_PER_MINUTE_MAX'],
      about:
        'Wrong credentials an address may send in a minute; further wrong ones are answered 429, good ones served.',
    }),
    sigv4Replay: z
      .enum(['allow', 'warn', 'deny'])
      .default('allow')
      .register(settingFacts, {
        env: ['OUTCROP_SIGV4_REPLAY'],
        about:
          'A signed request that comes again while its signature holds. Clients that send equal requests in one second do so rightly: deny refuses them too.',
      }),
    trustedProxies: list
      .refine((blocks) => blocks.every((block) => parseBlock(block) !== null), 'must be addresses or CIDR blocks')
      .default([])
      .register(settingFacts, {
        env: ['OUTCROP_TRUSTED_PROXIES'],
        about: 'Proxies whose X-Forwarded-For is believed (addresses or CIDR blocks, comma separated).',
      }),
    publicUrls: list
      .refine((urls) => urls.every(isEndpoint), 'must be http:// or https:// URLs')
      .default([])
      .register(settingFacts, {
        env: ['OUTCROP_PUBLIC_URLS'],
        about:
          'Addresses under which clients reach this gateway through a proxy that changes host or path, without /bedrock.',
      }),
    keyHeader: text
      .toLowerCase()
      .regex(/^[a-z0-9_-]+$/)
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_KEY_HEADER'],
        about: 'A header of your own that may carry the key, before all others.',
      }),
    allowAnonymous: flag().register(settingFacts, {
      env: ['OUTCROP_ALLOW_ANONYMOUS'],
      about: 'Listen beyond loopback without a master key. Whoever reaches the port can spend your AWS money.',
    }),
    allowedHosts: list.default([]).register(settingFacts, {
      env: ['OUTCROP_ALLOWED_HOSTS'],
      about: 'Host names, beside loopback ones, that requests without a key may name (comma separated).',
    }),
    allowControlPlane: flag().register(settingFacts, {
      env: ['OUTCROP_ALLOW_CONTROL_PLANE'],
      about: 'Let requests without a key change resources: bedrock, bedrock-agent, agentcore-control, data-automation.',
    }),
    tlsCert: text
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_TLS_CERT'],
        about: 'PEM file of the certificate chain. With tlsKey the port speaks TLS (h2 and http/1.1 by ALPN).',
      }),
    tlsKey: text
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_TLS_KEY'],
        about: 'PEM file of the private key that belongs to tlsCert.',
      }),

    region: z
      .string()
      .refine(isRegion, 'must be an AWS region such as us-east-1')
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['OUTCROP_REGION', 'AWS_REGION_NAME', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
        about: 'The AWS region for requests that name none. Default: the region of the AWS profile, if there is one.',
      }),
    allowedRegions: list
      .refine((regions) => regions.every(isRegion), 'must be AWS regions such as us-east-1, comma separated')
      .default([])
      .register(settingFacts, {
        env: ['OUTCROP_ALLOWED_REGIONS'],
        about: 'Regions a request may name (comma separated). Default: the default region only.',
      }),
    endpoint: endpointUrl
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['AWS_ENDPOINT_URL'],
        about: 'Where all Bedrock services are, instead of AWS (a VPC endpoint, the simulator).',
      }),
    endpoints: z
      .partialRecord(z.enum(SERVICE_IDS), endpointUrl)
      .default({})
      .register(settingFacts, {
        env: SERVICE_IDS.map((id) => SERVICES[id].endpointVariable),
        about: 'Where single Bedrock services are, instead of AWS. In the file: a map from service to URL.',
      }),
    fips: flag().register(settingFacts, { env: ['AWS_USE_FIPS_ENDPOINT'], about: 'Use the FIPS hosts of AWS.' }),
    dualStack: flag().register(settingFacts, {
      env: ['AWS_USE_DUALSTACK_ENDPOINT'],
      about: 'Use the dual-stack (IPv6) hosts of AWS.',
    }),
    awsBearerToken: text
      .nullable()
      .default(null)
      .register(settingFacts, {
        env: ['AWS_BEARER_TOKEN_BEDROCK'],
        secret: true,
        about:
          'A Bedrock API key of AWS. It wins over AWS credentials for bedrock and bedrock-runtime, which alone take it.',
      }),

    onClientAbort: z
      .enum(['drain', 'cancel'])
      .default('drain')
      .register(settingFacts, {
        env: ['OUTCROP_ON_CLIENT_ABORT'],
        about: 'When a client leaves: read the answer to its end (Bedrock bills it all the same) or cancel it.',
      }),
    drainsMax: whole(0, 100_000, 200).register(settingFacts, {
      env: ['OUTCROP_DRAINS_MAX'],
      about: 'Answers read to their end for clients that have left, at once. Beyond it they are cancelled.',
    }),
    drainSecondsMax: whole(1, 3600, 600).register(settingFacts, {
      env: ['OUTCROP_DRAIN_SECONDS_MAX'],
      about: 'How long one such answer is read.',
    }),

    connectionsMax: whole(1, 1_000_000, 10_000).register(settingFacts, {
      env: ['OUTCROP_CONNECTIONS_MAX'],
      about: 'Client connections at once; more are closed at once.',
    }),
    requestsInFlightMax: whole(1, 100_000, 4096).register(settingFacts, {
      env: ['OUTCROP_REQUESTS_IN_FLIGHT_MAX'],
      about: 'Requests being worked on at once; more are answered 503.',
    }),
    bodyBytesInFlightMax: whole(MIB, 64 * 1024 * MIB, 512 * MIB).register(settingFacts, {
      env: ['OUTCROP_BODY_BYTES_IN_FLIGHT_MAX'],
      about: 'Request bodies held in memory, all together; more are answered 503.',
    }),
    loopDelayMsMax: whole(10, 60_000, 500).register(settingFacts, {
      env: ['OUTCROP_LOOP_DELAY_MS_MAX'],
      about: 'Event-loop delay from which, seen in two seconds in a row, new requests are answered 503.',
    }),
    memoryShareMax: z.coerce
      .number()
      .min(0.1)
      .max(1)
      .default(0.85)
      .register(settingFacts, {
        env: ['OUTCROP_MEMORY_SHARE_MAX'],
        about: 'Share of the memory limit (container or machine) from which new requests are answered 503.',
      }),
    headersTimeoutMs: whole(100, 600_000, 10_000).register(settingFacts, {
      env: ['OUTCROP_HEADERS_TIMEOUT_MS'],
      about: 'How long a client may take for the head of a request.',
    }),
    bodyTimeoutMs: whole(100, 3_600_000, 60_000).register(settingFacts, {
      env: ['OUTCROP_BODY_TIMEOUT_MS'],
      about: 'How long a client may take for a request, head and body.',
    }),
    keepAliveMs: whole(100, 3_600_000, 75_000).register(settingFacts, {
      env: ['OUTCROP_KEEP_ALIVE_MS'],
      about: 'How long an idle client connection is kept: longer than the load balancer in front keeps it.',
    }),
    writeStallMs: whole(100, 3_600_000, 60_000).register(settingFacts, {
      env: ['OUTCROP_WRITE_STALL_MS'],
      about: 'How long a client may take no byte of its answer before it is cut off.',
    }),
    upstreamConnectTimeoutMs: whole(100, 600_000, 3000).register(settingFacts, {
      env: ['OUTCROP_UPSTREAM_CONNECT_TIMEOUT_MS'],
      about: 'How long connecting to Bedrock may take.',
    }),
    invokeHeadersTimeoutMs: whole(100, 7_200_000, 3_600_000).register(settingFacts, {
      env: ['OUTCROP_INVOKE_HEADERS_TIMEOUT_MS'],
      about:
        'How long Bedrock may think before it answers, for operations that run a model, agent or tool (AWS: up to 60 minutes).',
    }),
    upstreamHeadersTimeoutMs: whole(100, 7_200_000, 60_000).register(settingFacts, {
      env: ['OUTCROP_UPSTREAM_HEADERS_TIMEOUT_MS'],
      about: 'How long Bedrock may take to answer any other operation.',
    }),
    upstreamIdleTimeoutMs: whole(100, 7_200_000, 300_000).register(settingFacts, {
      env: ['OUTCROP_UPSTREAM_IDLE_TIMEOUT_MS'],
      about: 'How long Bedrock may be silent in the middle of an answer.',
    }),
    shutdownNoticeMs: whole(0, 600_000, 2000).register(settingFacts, {
      env: ['OUTCROP_SHUTDOWN_NOTICE_MS'],
      about: 'After SIGTERM: how long to go on accepting while readiness says 503, so that load balancers notice.',
    }),
    shutdownDeadlineMs: whole(0, 3_600_000, 25_000).register(settingFacts, {
      env: ['OUTCROP_SHUTDOWN_DEADLINE_MS'],
      about: 'After SIGTERM: how long running requests may take before they are broken.',
    }),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .register(settingFacts, {
        env: ['OUTCROP_LOG_LEVEL'],
        about: 'How much is logged (JSON lines on standard error). debug: a line for every request.',
      }),
    accessLog: flag().register(settingFacts, {
      env: ['OUTCROP_ACCESS_LOG'],
      about: 'A line in the log for every request, at the level info.',
    }),
  })
  .refine((settings) => (settings.tlsCert === null) === (settings.tlsKey === null), {
    path: ['tlsKey'],
    message: 'tlsCert and tlsKey go together: set both or none',
  })
  .refine((settings) => settings.headersTimeoutMs <= settings.bodyTimeoutMs, {
    path: ['bodyTimeoutMs'],
    message: 'counts head and body, so it can not be less than headersTimeoutMs',
  });

/** All settings, validated, with their defaults filled in. */
export type Settings = Readonly<z.output<typeof settingsSchema>>;

function isPostgresUrl(value: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(value);
}

function isEndpoint(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}
