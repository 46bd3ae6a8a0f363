/** The traps of calling C, tried: what bun:ffi believes, moves and forgets. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { runtimeName, test } from "../testing.ts";

const possible = runtimeName === "bun" && process.platform === "linux";
const reason = possible ? "" : " (SKIPPED: only Bun on Linux calls libc so)";

/** All that is tried, in one place, as it loads on Bun only. */
const on = possible
  ? {
    ...await import("#src/net/linux/libc.ts"),
    ...await import("#src/net/linux/connect.ts"),
    ...await import("#src/net/linux/epoll.ts"),
    ...await import("#src/net/linux/listen.ts"),
    ...await import("#src/net/linux/splice.ts"),
  }
  : undefined;
type Libc = NonNullable<typeof on>;

function trap(name: string, body: (libc: Libc) => void): void {
  test(`libc: ${name}${reason}`, () => body(on!), { skip: !possible });
}

/** Two connected sockets, and what reads all that one of them has. */
function connected(libc: Libc, body: (fd: number, read: () => Uint8Array) => void): void {
  const how = { backlog: 1, ipv6Only: false, transparent: false, beside: false };
  const at = { kind: "ip", host: "127.41.1.1", port: 0 } as const;
  const listener = libc.listenOn(at, how);
  const bound = libc.addressOf(listener);
  const one = libc.connectTo(bound?.kind === "ip" ? bound : at, undefined);
  assert(typeof one === "number");
  const [other] = libc.acceptAll(listener);
  assert(other !== undefined);
  const read = () => {
    const pieces: number[] = [];
    for (let bytes = libc.receive(other); bytes !== null; bytes = libc.receive(other)) {
      pieces.push(...bytes);
    }
    return Uint8Array.from(pieces);
  };
  try {
    body(one, read);
  } finally {
    for (const fd of [listener, one, other]) libc.closeDescriptor(fd);
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (words: string) => new TextEncoder().encode(words);

trap("a part of an array is sent from where it is, wherever the array is", (libc) => {
  connected(libc, (fd, read) => {
    const small = bytesOf("small array, which its engine keeps inside");
    assertEquals(libc.sendBytes(fd, small, 6, 11), 5);
    // Asking for the buffer moves a small array's bytes: the next pointer must be another.
    assert(small.buffer.byteLength >= small.length);
    assertEquals(libc.sendBytes(fd, small, 6, 11), 5);
    const view = new Uint8Array(bytesOf("....a view into a larger buffer").buffer, 4, 6);
    assertEquals(libc.sendBytes(fd, view, 2, 6), 4);
    assertEquals(libc.sendBytes(fd, view, 0, 1), 1);
    assertEquals(text(read()), "arrayarrayviewa");
  });
});

trap("two parts go out in order, of arrays of all kinds", (libc) => {
  connected(libc, (fd, read) => {
    const small = bytesOf("head|");
    const large = new Uint8Array(5000).fill(46);
    const view = large.subarray(10, 13);
    assertEquals(libc.sendBoth(fd, small, 0, 5, view, 1, 3), 7);
    assertEquals(libc.sendBoth(fd, large, 4999, 5000, small, 4, 5), 2);
    assertEquals(text(read()), "head|...|");
  });
});

trap("a range outside of the array is refused, and nothing is sent", (libc) => {
  connected(libc, (fd, read) => {
    const bytes = bytesOf("0123456789");
    const ranges = [[0, 11], [-1, 5], [6, 5], [NaN, 5], [0, NaN], [11, 11], [0, 2 ** 40]] as const;
    for (const [from, to] of ranges) {
      assertThrows(() => libc.sendBytes(fd, bytes, from, to), RangeError);
      assertThrows(() => libc.sendBoth(fd, bytes, 0, 1, bytes, from, to), RangeError);
      assertThrows(() => libc.sendBoth(fd, bytes, from, to, bytes, 0, 1), RangeError);
    }
    const gone = new Uint8Array(new ArrayBuffer(10));
    (gone.buffer as ArrayBuffer).transfer();
    assertThrows(() => libc.sendBytes(fd, gone, 0, 10), RangeError);
    assertEquals(libc.sendBytes(fd, bytes, 5, 5), 0);
    assertEquals(libc.sendBytes(fd, new Uint8Array(0), 0, 0), 0);
    assertEquals(read().length, 0);
  });
});

trap("arrays that nobody mentions again are whole until they are sent", (libc) => {
  connected(libc, (fd, read) => {
    for (let i = 0; i < 300; i++) {
      const [a, b] = [i % 251, (i * 7) % 251];
      libc.sendBoth(
        fd,
        new Uint8Array(900).fill(a),
        100,
        900,
        new Uint8Array(3000).fill(b),
        1,
        3000,
      );
      if (i % 10 === 0) (globalThis as { Bun?: { gc(now: boolean): void } }).Bun?.gc(true);
      const received = read();
      assertEquals(received.length, 800 + 2999);
      assert(received.every((byte, at) => byte === (at < 800 ? a : b)), `round ${i}`);
    }
  });
});

trap("errno is that of the call before, whatever is allocated meanwhile", (libc) => {
  const event = libc.createEvent();
  const garbage: unknown[] = [];
  for (let i = 0; i < 20_000; i++) {
    assertEquals(libc.C.recv(1_000_000, new Uint8Array(64), 64, 0), -1);
    garbage.push({ i }, `${i}`);
    assertEquals(libc.lastErrno(), 9); // EBADF
    assertEquals(libc.C.recv(event, new Uint8Array(64), 64, 0), -1);
    if (garbage.length > 1000) garbage.length = 0;
    assertEquals(libc.lastErrno(), 88); // ENOTSOCK
  }
  libc.closeDescriptor(event);
});

trap("no descriptor is closed for want of one", (libc) => {
  const links = () => libc.C.fcntl(0, 1, 0); // F_GETFD of descriptor 0, which a NaN would be
  const before = links();
  libc.closeDescriptor(NaN);
  libc.closeDescriptor(undefined as unknown as number);
  libc.closeDescriptor(-1);
  assertEquals(links(), before);
});

trap("options take small, large and negative numbers", (libc) => {
  connected(libc, (fd) => {
    const [SOL_SOCKET, SO_PEEK_OFF, IPPROTO_TCP, TCP_USER_TIMEOUT] = [1, 42, 6, 18];
    for (const value of [1, 65_536, 0x7fffffff]) {
      assert(libc.setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value));
      assertEquals(libc.getOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), value);
    }
    assert(!libc.setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, -1));
    assert(libc.setOption(fd, SOL_SOCKET, SO_PEEK_OFF, 5));
    assert(libc.setOption(fd, SOL_SOCKET, SO_PEEK_OFF, -1));
    assertEquals(libc.getOption(fd, SOL_SOCKET, SO_PEEK_OFF), -1);
    // A number that the socket does not have.
    assertEquals(libc.getOption(fd, SOL_SOCKET, 9999), 0);
    assert(!libc.setOption(fd, SOL_SOCKET, 9999, 1));
  });
});

trap("an epoll set gives back descriptor, tag and mask as they were given", (libc) => {
  const set = new libc.EpollSet();
  const tags = [0, 1, 0x12345678, 0x7fffffff];
  const events = tags.map(() => libc.createEvent());
  try {
    events.forEach((fd, i) => assert(set.add(fd, libc.EPOLLIN | libc.EPOLLET, tags[i]!)));
    assert(!set.add(events[0]!, libc.EPOLLIN, 0), "it is there already");
    assertEquals(set.wait(0), 0);
    events.forEach((fd) => libc.wake(fd));
    assertEquals(set.wait(1000), 4);
    const told = tags.map((_, i) => [set.descriptor(i), set.tag(i), set.mask(i)]);
    assertEquals(told.sort(), events.map((fd, i) => [fd, tags[i]!, libc.EPOLLIN]).sort());
    // Edges: nothing is told twice, but every write is.
    assertEquals(set.wait(0), 0);
    libc.wake(events[2]!);
    assertEquals([set.wait(0), set.descriptor(0)], [1, events[2]!]);
    set.remove(events[2]!);
    libc.wake(events[2]!);
    assertEquals(set.wait(0), 0);
  } finally {
    set.close();
    set.close();
    for (const fd of events) libc.closeDescriptor(fd);
  }
  assert(!set.add(0, libc.EPOLLIN, 0), "a set that is closed takes nothing");
});

trap("what goes through a pipe comes out of it, and a count may be any number", (libc) => {
  connected(libc, (fd, read) => {
    const pipe = libc.makePipe(65_536);
    assert(pipe !== null);
    assertEquals(libc.C.write(pipe.input, bytesOf("through"), 7), 7);
    assertEquals(libc.move(pipe.output, fd, 2 ** 30), 7);
    assertEquals(text(read()), "through");
    assertEquals(libc.move(pipe.output, fd, 2 ** 30), -1);
    assertEquals(libc.lastErrno(), 11); // EAGAIN
    libc.closePipe(pipe);
    assertEquals(libc.move(pipe.output, fd, 1), -1);
  });
});

trap("a peer that is gone is an error, not a signal", (libc) => {
  connected(libc, (fd) => {
    libc.C.shutdown(fd, 1);
    const bytes = bytesOf("gone");
    assertEquals(libc.sendBytes(fd, bytes, 0, 4), -1);
    assertEquals(libc.lastErrno(), 32); // EPIPE
    // writev() and splice() have no MSG_NOSIGNAL: the process must ignore SIGPIPE.
    assertEquals(libc.sendBoth(fd, bytes, 0, 2, bytes, 2, 4), -1);
    assertEquals(libc.lastErrno(), 32);
    const pipe = libc.makePipe(65_536)!;
    libc.C.write(pipe.input, bytes, 4);
    assertEquals(libc.move(pipe.output, fd, 4), -1);
    libc.closePipe(pipe);
  });
});
