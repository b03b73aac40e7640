/** What sinks need of the network. */
export interface SinkHttp {
  /**
   * @returns any answer that is whole, whatever its status
   * @throws DeliveryFault where there was none
   */
  send(request: SinkHttpRequest, signal: AbortSignal): Promise<SinkHttpAnswer>;
  /** Tries whether something listens there, TLS included. @throws DeliveryFault */
  reach(url: URL): Promise<void>;
}

export interface SinkHttpRequest {
  readonly method: 'POST' | 'PUT' | 'GET';
  readonly url: URL;
  /** The path as it goes out, where it must not be what `URL` makes of it. */
  readonly rawPath?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Whether the answer is nothing that anybody may be shown: an access token. */
  readonly hidesAnswer?: boolean;
}

export interface SinkHttpAnswer {
  readonly status: number;
  /** What `retry-after` and `x-amzn-errortype` say; null where they are not there. */
  readonly retryAfter: string | null;
  readonly errorType: string | null;
  /** Up to the first 64 KiB. */
  readonly text: string;
}
