import type { CallContent } from '../domain/call-content.ts';
import { type ContentReader, createContentReader, requestContent } from '../domain/content/content-reader.ts';
import type { Call } from './call.ts';
import type { Proxy } from './proxy.ts';

/**
 * Who keeps what people want to read of a call that is being answered, where that is switched on. Whatever else needed the
 * request has it by now.
 */
export function keepContent(call: Call, status: number, proxy: Proxy): ContentReader | null {
  const { metered, operation } = call;
  if (metered === null || operation === null) return null;
  let reader: ContentReader | null = null;
  const options = proxy.contentOptions(call.caller, call.id);
  if (options !== null) {
    reader = createContentReader(operation.qualifiedName, options);
    call.content = { request: requestContent(metered.request.body, options, status >= 400), reader };
  }
  metered.request.letGoOfBody();
  return reader;
}

/** What is kept of a call that is over; of one that was sent and never answered what was asked, which may be billed. */
export function keptContent(call: Call, proxy: Proxy): CallContent | null {
  const { content, metered } = call;
  if (content !== null) return { request: content.request, response: content.reader.end() };
  if (metered?.sent !== true || call.firstByteMs !== null) return null;
  const options = proxy.contentOptions(call.caller, call.id);
  return options === null ? null : { request: requestContent(metered.request.body, options, true), response: null };
}
