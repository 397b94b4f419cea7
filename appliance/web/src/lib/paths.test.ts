import { expect, test } from 'vitest'
import { appPath, appsPlace, openPath, routeOf, storePath } from '@/lib/paths'

test('addresses of apps are read as they are written', () => {
  const check = (address: string, expected: unknown): void => {
    const route = routeOf(address)
    expect(route.page === 'apps' ? appsPlace(route.path) : route.page, address).toEqual(expected)
  }
  check('/apps', { is: 'all' })
  check('/apps/', { is: 'all' })
  check(appPath('photos'), { is: 'app', app: 'photos' })
  check(storePath(), { is: 'store' })
  // An app may be called as the store is.
  check(appPath('store'), { is: 'app', app: 'store' })
  check(storePath('my-apps', 'photos'), { is: 'offer', catalog: 'my-apps', app: 'photos' })
  check('/apps/photos/more', { is: 'nothing' })
  check('/apps/store/my-apps', { is: 'nothing' })
  check('/apps/store/my-apps/photos/more', { is: 'nothing' })
  check('/appsx', 'unknown')
  check(openPath('photos'), 'open')
  check('/open', 'unknown')
})
