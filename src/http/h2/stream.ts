/** One stream of a connection (RFC 9113, chapter 5), as the protocol knows it. */

/** What uses a stream. */
export interface StreamUser {
  /**
   * Content has come: bytes[from, to), valid during the call, of the buffer that was given to
   * Http2Session.receive(). It counts towards the stream's window until Http2Session.consumed().
   * @param ends nothing follows it
   */
  onStreamData(bytes: Uint8Array, from: number, to: number, ends: boolean): void;
  /** The peer has reset it, or broken the rules of it: it is over. @param code of the error */
  onStreamReset(code: number): void;
  /** Content may be sent again, of which not all was taken. */
  onStreamWritable(): void;
}

/** See above. */
export class Http2Stream {
  /** What uses it; null: nobody yet, or nobody any more. */
  user: StreamUser | null = null;
  /** What the peer takes of content, in bytes; less than 0 where it has taken its word back. */
  sendWindow: number;
  /** What the peer may send, in bytes. */
  receiveWindow: number;
  /** Consumed, and not given back to the peer yet. */
  credit = 0;
  /** Nothing more is sent, or comes. */
  localEnd = false;
  remoteEnd = false;
  /** The head of the message has come: what follows is content, and then trailers. */
  headed = false;
  /** Content that its head has announced and that has not come yet; -1: it has announced none. */
  expected = -1;
  /** It waits to send content. */
  blocked = false;
  /** Where its last frame began, which can still be made the last of all; -1: nowhere. */
  frameAt = -1;

  constructor(readonly id: number, sendWindow: number, receiveWindow: number) {
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }
}
