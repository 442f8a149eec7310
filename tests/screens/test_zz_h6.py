import time
def test_lat(api, worker, event):
    P={"kind":"phone","value":"09121234567"}; ts=[]; lk=[]
    for n in range(400):
        t=time.perf_counter(); api.client.post("/v1/events", json=event(f"z{n}", text="x", thread=str(n%50), party={"kind":"phone","value":f"0912{n:07d}"})); ts.append(time.perf_counter()-t)
        time.sleep(0.003)
    for n in range(200):
        t=time.perf_counter(); api.client.get(f"/v1/lookup?phone=0912{n:07d}"); lk.append(time.perf_counter()-t)
    import resource
    for name,x in (("post",ts),("lookup",lk)):
        x=sorted(x); print(name,"p50 %.1f ms p99 %.1f"%(x[len(x)//2]*1e3,x[int(len(x)*.99)]*1e3))
    assert 0
