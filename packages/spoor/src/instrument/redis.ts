/**
 * Redis commands as they may be sent: the command, its key where that is known to be one, and `?` for the rest.
 * Values, scripts, passwords and configuration never leave the process.
 */

/** Commands whose first argument is a key. Of any other command only the name is sent, so that no list can forget a secret. */
const KEYED: ReadonlySet<string> = new Set(
  (
    'APPEND BITCOUNT BITPOS BLPOP BRPOP DECR DECRBY DEL DUMP EXISTS EXPIRE EXPIREAT EXPIRETIME GEOADD GEODIST GEOPOS GET ' +
    'GETBIT GETDEL GETEX GETRANGE GETSET HDEL HEXISTS HGET HGETALL HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HRANDFIELD ' +
    'HSCAN HSET HSETNX HSTRLEN HVALS INCR INCRBY INCRBYFLOAT LINDEX LINSERT LLEN LMOVE LPOP LPOS LPUSH LPUSHX LRANGE LREM ' +
    'LSET LTRIM MGET MSET MSETNX PERSIST PEXPIRE PEXPIREAT PFADD PFCOUNT PSETEX PTTL PUBLISH RENAME RENAMENX RPOP ' +
    'RPOPLPUSH RPUSH RPUSHX SADD SCARD SDIFF SET SETBIT SETEX SETNX SETRANGE SINTER SISMEMBER SMEMBERS SMISMEMBER SMOVE ' +
    'SORT SPOP SPUBLISH SRANDMEMBER SREM SSCAN STRLEN SUBSCRIBE SUNION TOUCH TTL TYPE UNLINK XACK XADD XDEL XINFO XLEN ' +
    'XRANGE XREVRANGE XTRIM ZADD ZCARD ZCOUNT ZINCRBY ZPOPMAX ZPOPMIN ZRANGE ZRANGEBYSCORE ZRANK ZREM ZREVRANGE ZSCAN ZSCORE'
  ).split(' '),
)

const MAX_KEY = 200

/**
 * @param args the arguments after the name
 * @returns `SET user:1 ?`
 */
export function redisStatement(name: string, args: readonly unknown[]): string {
  const command = name.toUpperCase()
  if (args.length === 0) return command
  if (!KEYED.has(command)) return `${command} ?`
  return `${command} ${text(args[0])}${args.length > 1 ? ' ?' : ''}`
}

/** The word that an error of the server begins with: `WRONGTYPE`, `ERR`, `NOSCRIPT`. */
export function redisStatus(error: unknown): string | undefined {
  return /^([A-Z]{3,}) /.exec(String((error as { message?: unknown }).message))?.[1]
}

function text(key: unknown): string {
  if (typeof key === 'string') return key.length > MAX_KEY ? `${key.slice(0, MAX_KEY)}…` : key
  if (typeof key === 'number') return String(key)
  // A list of keys, or bytes that need not be text.
  return Array.isArray(key) && typeof key[0] === 'string' ? text(key[0]) : '?'
}
