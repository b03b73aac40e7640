import path from 'node:path';
import type { Alert } from '../../domain/alert.ts';
import type { SinkEvent } from '../../domain/sink-event.ts';
import type { DeliveryKind, SinkSettings } from '../../domain/sink-settings.ts';
import type { Clock } from '../../ports.ts';
import type { SinkBounds } from './bounds.ts';
import { SinkSettingsError } from '../define-sink.ts';
import type { Delivery } from './delivery.ts';
import { MemoryDelivery } from './memory-delivery.ts';
import type { AlertSink, EventSink, LineSink } from '../sink.ts';
import type { SinkStatus } from './sink-status.ts';
import { mapInSlices } from './slices.ts';

export interface DeliveryInputs {
  readonly settings: SinkSettings;
  readonly bounds: SinkBounds;
  readonly status: SinkStatus;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: () => number;
}

/** About what a record takes in memory beside its content. */
const RECORD_BYTES = 1024;

/** Alerts are few: there is room for those of a long outage, and the longer it lasts the more they are worth. */
const ALERT_BOUNDS = { batchSize: 10, flushIntervalMs: 50, queueSizeMax: 100 } as const;
const ALERT_PATIENCE = 6;

/** @throws SinkSettingsError where the sink can't be delivered to as asked, or its outbox can't be kept */
export async function openCallDelivery(
  sink: LineSink | EventSink,
  kind: DeliveryKind,
  inputs: DeliveryInputs,
): Promise<Delivery<SinkEvent>> {
  const { bounds, status, random, clock } = inputs;
  const common = { bounds, status, clock, random, sizeOf };
  if (sink.kind === 'events') {
    if (kind === 'at-least-once') throw new SinkSettingsError([`it can not be delivered to at least once`]);
    const prepare = async (events: readonly SinkEvent[]): Promise<readonly SinkEvent[]> => events;
    return new MemoryDelivery({ ...common, prepare, deliver: (events, signal) => sink.deliver(events, signal) });
  }
  const encode = (event: SinkEvent): string | null => encodeSafely(sink, event, status);
  const prepare = (events: readonly SinkEvent[]): Promise<string[]> => mapInSlices(events, encode, clock);
  const deliver: LineSink['deliver'] = (lines, signal) => sink.deliver(lines, signal);
  if (kind === 'best-effort') return new MemoryDelivery({ ...common, prepare, deliver });
  const outbox = await openOutbox(inputs);
  const { OutboxDelivery } = await import('./outbox-delivery.ts');
  return new OutboxDelivery({ ...common, prepare, deliver, outbox });
}

/** @throws SinkSettingsError */
export function openAlertDelivery(sink: AlertSink, kind: DeliveryKind, inputs: DeliveryInputs): Delivery<Alert> {
  if (kind === 'at-least-once') throw new SinkSettingsError(['alerts are not kept on the disk']);
  const { bounds, status, clock, random } = inputs;
  return new MemoryDelivery<Alert, Alert>({
    bounds: { ...bounds, ...ALERT_BOUNDS, patienceMs: bounds.patienceMs * ALERT_PATIENCE },
    status,
    clock,
    random,
    sizeOf: () => 0,
    prepare: async (alerts) => alerts,
    deliver: (alerts, signal) => sink.deliver(alerts, signal),
  });
}

async function openOutbox({ settings, dataDir, random }: DeliveryInputs) {
  const { Outbox } = await import('./outbox/outbox.ts');
  const { nodeDisk } = await import('./outbox/node-disk.ts');
  const root = path.join(dataDir, 'outbox', settings.name);
  try {
    return new Outbox(nodeDisk, root, folderName(random));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SinkSettingsError([`its outbox can not be kept in ${root}: ${why}`]);
  }
}

const FOLDER_NAME_DIGITS = 16;

function folderName(random: () => number): string {
  return Array.from({ length: FOLDER_NAME_DIGITS }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** A record that can't be encoded is a defect; it must not take others with it. */
function encodeSafely(sink: LineSink, event: SinkEvent, status: SinkStatus): string | null {
  try {
    return sink.encode(event);
  } catch (error) {
    status.refused(1, `a record can not be encoded (${error instanceof Error ? error.name : typeof error})`);
    return null;
  }
}

/** Content is shared by all sinks, but each counts it: their bounds are then never too small. */
function sizeOf({ content }: SinkEvent): number {
  if (content === null) return RECORD_BYTES;
  return RECORD_BYTES + (content.request?.length ?? 0) + (content.response?.length ?? 0);
}
