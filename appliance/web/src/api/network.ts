import { queryOptions } from '@tanstack/react-query'
import { get, post } from '@/api/http'
import { keys } from '@/api/keys'

/** How the box stands in the network. Cables are pulled without an event, so it is read again now and then, in milliseconds. */
const NETWORK_STALE_MS = 15_000

export const networkQuery = queryOptions({ queryKey: keys.network, queryFn: () => get('/api/v1/network'), staleTime: NETWORK_STALE_MS })

/** Keeps the address that is on trial. */
export const confirmNetwork = () => post('/api/v1/network/confirm', undefined)

/** Networks in reach. The box looks anew each time it is asked, and the page asks again now and then, in milliseconds. */
const WIFI_AGAIN_MS = 10_000

export const wifiQuery = queryOptions({ queryKey: keys.wifi, queryFn: () => get('/api/v1/network/wifi'), refetchInterval: WIFI_AGAIN_MS })

export const joinWifi = (ssid: string, passphrase: string) => post('/api/v1/network/wifi/join', { ssid, passphrase })
export const forgetWifi = (ssid: string) => post('/api/v1/network/wifi/forget', { ssid })
