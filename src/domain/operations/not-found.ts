import { Refusal } from '../errors.ts';
import type { RequestTarget } from '../request-target.ts';
import { GENERAL_MOUNT, pathBelow } from './mounts.ts';
import type { Mount } from './mounts.ts';
import { PATHS } from './operation-index.ts';
import { findOperations } from './path-trie.ts';
import type { ServiceId } from './services.ts';

const PATH_SHOWN_CHARACTERS_MAX = 200;

/** For a path under no mount: most often an endpoint configured without `/bedrock`. */
export function outsideMounts(method: string, { path, segments }: RequestTarget): Refusal {
  const shown = `${method} ${clipped(path)}`;
  if (segments[0] === GENERAL_MOUNT) {
    return unknown(
      `${shown}: the form is /bedrock/-/{service}/{region}/… with a Bedrock service such as bedrock-runtime.`,
    );
  }
  if (methodsOf(segments, 0, undefined).includes(method)) {
    return unknown(`${shown} is served under /bedrock: use http://…/bedrock as the endpoint.`);
  }
  return unknown(`${shown} is not served here: paths begin with /bedrock or with a service such as /bedrock-runtime.`);
}

/** For the root of a mount without a known `X-Amz-Target`. */
export function withoutTarget(method: string, { path }: RequestTarget): Refusal {
  return unknown(
    `${method} ${clipped(path)} names no operation: only awsJson takes this path, by POST with X-Amz-Target.`,
  );
}

/**
 * For a path that differs from an operation's only by method or trailing slash. Such a slip is not taken for an
 * operation newer than the table.
 */
export function lookalike(method: string, target: RequestTarget, mount: Mount): Refusal | undefined {
  const { segments } = target;
  const methods = methodsOf(segments, mount.segmentCount, mount.service);
  const shown = clipped(pathBelow(mount, target));
  if (methods.length > 0) return unknown(`${shown} takes ${methods.join(', ')}, not ${method}.`);

  const endsInSlash = segments.at(-1) === '';
  const toggled = endsInSlash ? segments.slice(0, -1) : [...segments, ''];
  if (methodsOf(toggled, mount.segmentCount, mount.service).length === 0) return undefined;
  return unknown(`${shown} is an operation only ${endsInSlash ? 'without' : 'with'} its trailing slash.`);
}

/** For everything else. */
export function noOperation(method: string, target: RequestTarget, mount: Mount): Refusal {
  const service = mount.service ?? 'Bedrock';
  return unknown(`No ${service} operation has ${method} ${clipped(pathBelow(mount, target))}.`);
}

/** The methods that operations have at exactly this path. */
function methodsOf(segments: readonly string[], from: number, service: ServiceId | undefined): readonly string[] {
  const ends = findOperations(PATHS, segments, from, { method: undefined, service });
  return [...new Set(ends.map(({ operation }) => operation.method))];
}

function unknown(message: string): Refusal {
  return new Refusal('unknownOperation', message);
}

function clipped(path: string): string {
  return path.length <= PATH_SHOWN_CHARACTERS_MAX ? path : `${path.slice(0, PATH_SHOWN_CHARACTERS_MAX)}…`;
}
