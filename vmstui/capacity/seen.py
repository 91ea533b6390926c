"""What the control socket tells, as measurements. Pure.

Samples come once a second. Of them are kept those of the present worker of a camera, once it has settled (probing,
filling of queues), in means of ten seconds (`window`): a single second is a matter of keyframes and of the scheduler,
and ffmpeg's queues carry over it. Workers outlive the service, and so do samples of them, in its history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vmstui.capacity.cost import TYPICAL, known, percentile
from vmstui.capacity.host import Host
from vmstui.capacity.window import BLOCK_S, Blocks, windows
from vmstui.capacity.words import Limit, Measured, MeasuredCamera, Question, Resource, Taken
from vmstui.configured import CORE_BUDGET_PERCENT, OutputKind
from vmstui.measured import RELAY, SERVICE, CpuPast
from vmstui.model import CameraSnapshot, CameraState, OutputState, ProcessSnapshot, RecorderSnapshot
from vmstui.spoken import plural
from vmstui.storage import CameraStorage, StorageProjection

SETTLE_S = 15.0
"""Of a worker's first footage nothing is counted."""
TAKE_OVER_S = 60.0
"""Within which a service has taken over the workers that it found."""
MEMORY_SHARE = 0.9
"""Of the memory; the rest is for the page cache, through which everything is recorded."""
NETWORK_SHARE = 0.85
"""Of what a line carries; cameras send in bursts."""
DAY_S = 86400.0
_NVENC = "_nvenc"
_GPU = (_NVENC, "_qsv", "_vaapi")
_OF_GPU = (Resource.ENCODER, Resource.DECODER, Resource.GPU_MEMORY)


def measured(
    snapshot: RecorderSnapshot,
    samples: Mapping[str, Sequence[float]],
    storage: StorageProjection | str,
    host: Host,
    question: Question | None = None,
    past: CpuPast | None = None,
) -> Measured:
    """The cameras that should be recorded, and the machine. `samples` are the CPU of each camera, the relay and the
    service at 1 Hz, oldest first, and `past` the same before them; of `storage` the text is why it is not known."""
    question = question or Question()
    cpu = windows(samples, past, snapshot.at)
    wanted = [camera for camera in snapshot.cameras if camera.wanted]
    stored = {one.camera: one for one in storage.cameras} if isinstance(storage, StorageProjection) else {}
    settled = {camera.id: _settled(camera, snapshot) for camera in wanted}
    relayed = [camera for camera in wanted if _is_live(camera)]
    # What the relay and the service took while all of these cameras ran, and not before there were so many of them.
    since_all = min((settled[camera.id] for camera in wanted if settled[camera.id]), default=0)
    relay = _usual(cpu.get(RELAY, ()), since_all, snapshot.relay)
    service = _usual(cpu.get(SERVICE, ()), since_all, snapshot.service)
    cameras = tuple(
        _camera(
            camera,
            cpu.get(camera.id, ())[: settled[camera.id]],
            stored.get(camera.id),
            question.retention_days,
            relay / len(relayed) if _is_live(camera) else 0.0,
        )
        for camera in wanted
    )
    return Measured(cameras, (*_limits(snapshot, wanted, host, service), _retention(storage, cameras)))


# -- cameras ----------------------------------------------------------------------------------------------------------


def _is_live(camera: CameraSnapshot) -> bool:
    live = camera.output(OutputKind.LIVE)
    return live is not None and live.state is OutputState.UP


def _settled(camera: CameraSnapshot, snapshot: RecorderSnapshot) -> int:
    """For how many blocks it has been recorded by the worker it has, without the beginning."""
    if camera.state is not CameraState.RECORDING or camera.started_at is None:
        return 0
    begun, service_begun = camera.started_at, snapshot.started_at
    taken_over = begun < service_begun and (camera.since - service_begun).total_seconds() < TAKE_OVER_S
    recorded_since = begun if taken_over else max(camera.since, begun)  # `since` is when this service found it so
    return int(max((snapshot.at - recorded_since).total_seconds() - SETTLE_S, 0.0)) // BLOCK_S


def _usual(blocks: Blocks, newest: int, process: ProcessSnapshot) -> float:
    """The median of the newest blocks; where none is known, what was read last."""
    if found := known(blocks[:newest]):
        return percentile(found, TYPICAL)
    return process.sample.cpu_percent if process.sample is not None else 0.0


def _camera(
    camera: CameraSnapshot,
    cpu: Blocks,
    stored: CameraStorage | None,
    asked_days: float | None,
    relay_percent: float,
) -> MeasuredCamera:
    encoders = [output.encoder for output in camera.outputs if output.encoder]
    reencodes = any(encoder != "copy" for encoder in encoders)
    promised = asked_days if asked_days is not None else (stored.promised_days if stored is not None else None)
    rate = stored.bytes_per_s if stored is not None else 0.0
    measured = len(known(cpu))
    if not measured or camera.sample is None:
        return MeasuredCamera(camera.id, camera.profile, reencodes, promised_days=promised)
    taken = [
        Taken(Resource.CPU, tuple(None if value is None else value + relay_percent for value in cpu)),
        Taken(Resource.MEMORY, (float(camera.sample.rss_bytes),)),
        Taken(Resource.ENCODER_SESSIONS, (float(sum(encoder.endswith(_NVENC) for encoder in encoders)),)),
        Taken(Resource.DISK_WRITE, (rate or camera.sample.write_bytes_per_s,)),
    ]
    if rate:
        taken.append(Taken(Resource.RETENTION, (rate * (promised or 0.0) * DAY_S,)))
        recording = camera.output(OutputKind.RECORDING)
        if recording is not None and recording.encoder == "copy":
            taken.append(Taken(Resource.NETWORK, (rate,)))
    return MeasuredCamera(camera.id, camera.profile, reencodes, float(measured * BLOCK_S), tuple(taken), promised)


# -- limits -----------------------------------------------------------------------------------------------------------


def _limits(
    snapshot: RecorderSnapshot, wanted: Sequence[CameraSnapshot], host: Host, service: float
) -> tuple[Limit, ...]:
    encoders = {output.encoder for camera in wanted for output in camera.outputs}
    nvenc = any(encoder.endswith(_NVENC) for encoder in encoders)
    gpu = any(encoder.endswith(_GPU) for encoder in encoders)
    none = "no camera is encoded on a GPU"
    return (
        _cpu(snapshot, host, service),
        _memory(snapshot, host),
        _sessions(snapshot) if nvenc else Limit(Resource.ENCODER_SESSIONS, None, why=none, counts=False),
        *(Limit(resource, None, why="not measured" if gpu else none, counts=gpu) for resource in _OF_GPU),
        Limit(Resource.DISK_WRITE, None, why="how fast this disk can be written is not measured"),
        _network(host),
    )


def _sessions(snapshot: RecorderSnapshot) -> Limit:
    """As the encoder's refusals told it."""
    learnt = snapshot.session_limit
    if learnt is None:
        return Limit(Resource.ENCODER_SESSIONS, None, why="the limit shows with the first session that is refused")
    own = {camera.pid for camera in snapshot.cameras}
    gpus = snapshot.machine.gpus if snapshot.machine is not None else ()
    beside = sum(session.pid not in own for gpu in gpus for session in gpu.sessions or ())
    driver = f", driver {learnt.driver}" if learnt.driver else ""
    why = f"learnt on {learnt.at:%Y-%m-%d}, when the encoder refused one more{driver}"
    return Limit(Resource.ENCODER_SESSIONS, float(learnt.sessions), float(beside), why)


def _cpu(snapshot: RecorderSnapshot, host: Host, beside: float) -> Limit:
    budget = snapshot.cpu_budget_percent
    why = "capacity.cpu_budget"
    if budget == CORE_BUDGET_PERCENT * snapshot.cpu_count:
        why = (
            f"{CORE_BUDGET_PERCENT:g} % of {plural(snapshot.cpu_count, 'core')}: the rest is for bursts and the system"
        )
    quota = host.cpu_quota_percent
    if quota is not None and quota * CORE_BUDGET_PERCENT / 100 < budget:
        budget = quota * CORE_BUDGET_PERCENT / 100
        why = f"{CORE_BUDGET_PERCENT:g} % of the {quota:g} % that the control group of the recorder may use"
    return Limit(Resource.CPU, budget, beside, why)


def _memory(snapshot: RecorderSnapshot, host: Host) -> Limit:
    if host.memory_bytes is None:
        return Limit(Resource.MEMORY, None, why="/proc/meminfo does not tell")
    workers = sum(camera.sample.rss_bytes for camera in snapshot.cameras if camera.sample is not None)
    beside = max(float(host.memory_used_bytes - workers), 0.0)
    why = f"{100 * MEMORY_SHARE:g} % of what {host.memory_of} has: the rest is for the page cache"
    return Limit(Resource.MEMORY, MEMORY_SHARE * host.memory_bytes, beside, why)


def _network(host: Host) -> Limit:
    if host.network_bytes_per_s is None:
        which = host.interface or "the way to the cameras"
        return Limit(Resource.NETWORK, None, why=f"the speed of {which} is not known")
    why = f"{100 * NETWORK_SHARE:g} % of the speed of {host.interface}, by which the default route leads"
    return Limit(Resource.NETWORK, NETWORK_SHARE * host.network_bytes_per_s, why=why)


def _retention(storage: StorageProjection | str, cameras: Sequence[MeasuredCamera]) -> Limit:
    """Room for footage: what is stored and may go, and what is free beside the floor; less where a size is set."""
    if isinstance(storage, str):
        return Limit(Resource.RETENTION, None, why=storage)
    if all(camera.promised_days is None for camera in cameras):
        why = "no days are promised by retention.days: with more cameras footage stays shorter"
        return Limit(Resource.RETENTION, None, why=why, counts=False)
    room, why = storage.size_bytes + storage.free_bytes - storage.floor_bytes, "the disk, without the floor"
    if storage.max_bytes is not None and storage.max_bytes < room:
        room, why = storage.max_bytes, "retention.max_size"
    if storage.locked_bytes:
        why += " and what is locked"
    return Limit(Resource.RETENTION, float(max(room - storage.locked_bytes, 0)), why=why)
