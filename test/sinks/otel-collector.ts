import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import type { SinkContext } from '../../src/sinks/sink.ts';
import { createUndiciHttp } from '../../src/sinks/undici-http.ts';
import { attributesOf, decode, listOf, messageOf, type Decoded } from '../domain/otlp/decode.ts';
import type { Received } from './receiver.ts';

/** What a collector makes of a request. */
export interface Collected {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: unknown;
  /** Spans or metrics. */
  readonly items: readonly Decoded[];
}

export function collect(request: Received): Collected {
  assert.equal(request.method, 'POST');
  assert.equal(request.headers['content-type'], 'application/x-protobuf');
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body;
  const isTraces = new URL(request.target, 'http://any').pathname.endsWith('/v1/traces');
  const message = isTraces ? 'ExportTraceServiceRequest' : 'ExportMetricsServiceRequest';
  const [ofResource = assert.fail()] = listOf(decode(message, body)[isTraces ? 'resource_spans' : 'resource_metrics']);
  const [ofScope = assert.fail()] = listOf(ofResource[isTraces ? 'scope_spans' : 'scope_metrics']);
  return {
    resource: valuesOf(messageOf(ofResource['resource'])),
    scope: messageOf(ofScope['scope'])['name'],
    items: listOf(ofScope[isTraces ? 'spans' : 'metrics']),
  };
}

export function valuesOf(message: Decoded): Record<string, unknown> {
  return Object.fromEntries([...attributesOf(message)].map(([name, { value }]) => [name, value]));
}

export interface TestContext extends SinkContext {
  readonly end: () => Promise<void>;
}

/** What a sink needs from outside, over real sockets. */
export function testContext(name = 'otel'): TestContext {
  const http = createUndiciHttp(5000);
  return {
    name,
    clock: { nowMs: () => 1_764_000_010_000, elapsedMs: () => performance.now() },
    random: () => 0.5,
    http,
    requestTimeoutMs: 5000,
    awsCredentials: () => Promise.reject(new Error('not asked')),
    dataDir: '',
    stdout: () => Promise.reject(new Error('not asked')),
    end: () => http.close(),
  };
}
