namespace NativeAttention.Emulation;

internal static partial class InstructionForms
{
    /// <summary>
    /// Opcodes | operands (see <see cref="InstructionForm.Operands"/>; * where the decoder reads them) | least
    /// .version and .target. Of several rows that cover an opcode the first counts. A name in angle brackets is
    /// replaced by what stands behind its '='. A line that begins with a dot is about a qualifier.
    /// </summary>
    private const string Table = """
        <int>    = {u16,u32,u64,s16,s32,s64}
        <int8>   = {u8,u16,u32,u64,s8,s16,s32,s64}
        <word>   = {u32,s32}
        <long>   = {u64,s64}
        <rnd>    = {rn,rz,rm,rp}
        <rndi>   = {rni,rzi,rmi,rpi}
        <half>   = {f16,f16x2}
        <bhalf>  = {bf16,bf16x2}
        <scope>  = {cta,cluster,gpu,sys}

        # What qualifiers need, wherever they stand.
        .weak               | 6.0 70
        .relaxed            | 6.0 70
        .acquire            | 6.0 70
        .release            | 6.0 70
        .acq_rel            | 6.0 70
        .shared::cta        | 7.8 30
        .shared::cluster    | 7.8 90
        .cluster            | 7.8 90
        .param::entry       | 8.3
        .param::func        | 8.3

        # Integer arithmetic.
        {add,sub}.<int>                                     | T T T     |
        {add,sub}.sat.s32                                   | T T T     |
        {add,sub}.{cc.<word>,cc.<long>}                     | T T T     | 1.2
        {addc,subc}[.cc].{u32,s32,u64,s64}                  | T T T     | 1.2
        {mad,madc}.{lo,hi}.cc.{u32,s32,u64,s64}             | T T T T   | 3.0 20
        madc.{lo,hi}.{u32,s32,u64,s64}                      | T T T T   | 3.0 20
        {min,max}.<int>                                     | T T T     |
        add.{u16x2,s16x2}                                   | T T T     | 8.0 90
        {min,max}.{u16x2,s16x2}                             | T T T     | 8.0 90
        {min,max}.relu.{s32,s16x2}                          | T T T     | 8.0 90
        mul.{lo,hi}.<int>                                   | T T T     |
        mul.wide.{u16,u32,s16,s32}                          | W T T     |
        mad.{lo,hi}.<int>                                   | T T T T   |
        mad.wide.{u16,u32,s16,s32}                          | W T T W   |
        mad.hi.sat.s32                                      | T T T T   |
        mul24.{lo,hi}.<word>                                | T T T     |
        mad24.{lo,hi}.<word>                                | T T T T   |
        mad24.hi.sat.s32                                    | T T T T   |
        {div,rem}.<int>                                     | T T T     |
        {abs,neg}.{s16,s32,s64}                             | T T       |
        sad.<int>                                           | T T T T   |
        {popc,clz}.{b32,b64}                                | u32 T     | 2.0 20
        brev.{b32,b64}                                      | T T       | 2.0 20
        bfind[.shiftamt].{u32,u64,s32,s64}                  | u32 T     | 2.0 20
        bfe.{u32,u64,s32,s64}                               | T T u32 u32 | 2.0 20
        bfi.{b32,b64}                                       | T T T u32 u32 | 2.0 20
        fns.b32                                             | b32 b32 b32 s32 | 6.0 30
        szext.{clamp,wrap}.<word>                           | T T u32   | 7.6 70
        bmsk.{clamp,wrap}.b32                               | b32 u32 u32 | 7.6 70
        dp4a.<word>.<word>                                  | u32 b32 b32 u32 | 5.0 61
        dp2a.{lo,hi}.<word>.<word>                          | u32 b32 b32 u32 | 5.0 61

        # Logic and shifts.
        {and,or,xor}.{b16,b32,b64}                          | T T T     |
        not.{b16,b32,b64}                                   | T T       |
        {and,or,xor,not}.pred                               | *         |
        cnot.{b16,b32,b64}                                  | T T       |
        lop3.b32                                            | T T T T #255 | 4.3 50
        lop3.{and,or}.b32                                   | *         | 8.2 70
        shl.{b16,b32,b64}                                   | T T u32   |
        shr.{b16,b32,b64,u16,u32,u64,s16,s32,s64}           | T T u32   |
        shf.{l,r}.{wrap,clamp}.b32                          | T T T u32 | 3.1 32
        prmt.b32[.{f4e,b4e,rc8,ecl,ecr,rc16}]               | T T T T   | 2.0 20

        # Floating point.
        {add,sub,mul}[.{rn,rz}][.ftz][.sat].f32             | T T T     |
        {add,sub,mul}.{rm,rp}[.ftz][.sat].f32               | T T T     | 1.0 20
        {add,sub,mul}[.<rnd>].f64                           | T T T     | 1.0 13
        {add,sub,mul}[.rn][.ftz][.sat].<half>               | T T T     | 4.2 53
        {add,sub,mul}[.rn].<bhalf>                          | T T T     | 7.8 90
        {fma,mad}.<rnd>[.ftz][.sat].f32                     | T T T T   | 2.0 20
        {fma,mad}.<rnd>.f64                                 | T T T T   | 1.4 13
        fma.rn[.ftz][.sat].<half>                           | T T T T   | 4.2 53
        fma.rn[.ftz].relu.<half>                            | T T T T   | 7.0 80
        fma.rn[.relu].<bhalf>                               | T T T T   | 7.0 80
        div.{approx,full}[.ftz].f32                         | T T T     | 1.4
        div.<rnd>[.ftz].f32                                 | T T T     | 1.4 20
        div.<rnd>.f64                                       | T T T     | 1.4 13
        {abs,neg}[.ftz].f32                                 | T T       |
        {abs,neg}.f64                                       | T T       | 1.0 13
        abs[.ftz].<half>                                    | T T       | 6.5 53
        neg[.ftz].<half>                                    | T T       | 6.0 53
        {abs,neg}.<bhalf>                                   | T T       | 7.0 80
        {min,max}[.ftz].f32                                 | T T T     |
        {min,max}[.ftz].NaN.f32                             | T T T     | 7.0 80
        {min,max}[.ftz][.NaN].xorsign.abs.f32               | T T T     | 7.2 86
        {min,max}.f64                                       | T T T     | 1.0 13
        {min,max}[.ftz][.NaN].<half>                        | T T T     | 7.0 80
        {min,max}[.ftz][.NaN].xorsign.abs.<half>            | T T T     | 7.2 86
        {min,max}[.NaN].<bhalf>                             | T T T     | 7.0 80
        {min,max}[.NaN].xorsign.abs.<bhalf>                 | T T T     | 7.2 86
        {rcp,sqrt}.approx[.ftz].f32                         | T T       | 1.4
        {rcp,sqrt}.<rnd>[.ftz].f32                          | T T       | 1.4 20
        {rcp,sqrt}.<rnd>.f64                                | T T       | 1.4 13
        rcp.approx.ftz.f64                                  | T T       | 2.1 20
        rsqrt.approx[.ftz].f32                              | T T       | 1.4
        rsqrt.approx.f64                                    | T T       | 1.4 13
        rsqrt.approx.ftz.f64                                | T T       | 4.0 20
        {sin,cos,lg2,ex2}.approx[.ftz].f32                  | T T       | 1.4
        ex2.approx.<half>                                   | T T       | 7.0 75
        ex2.approx.ftz.<bhalf>                              | T T       | 7.8 90
        tanh.approx.{f32,f16,f16x2}                         | T T       | 7.0 75
        tanh.approx.<bhalf>                                 | T T       | 7.8 90
        copysign.{f32,f64}                                  | T T T     | 2.0 20
        testp.{finite,infinite,number,notanumber,normal,subnormal}.{f32,f64} | pred T | 2.0 20

        # Comparison and selection.
        <equal>  = {eq,ne}
        <order>  = {eq,ne,lt,le,gt,ge}
        <number> = {eq,ne,lt,le,gt,ge,equ,neu,ltu,leu,gtu,geu,num,nan}
        setp.<equal>.{b16,b32,b64}                          | q T T     |
        setp.<equal>.{and,or,xor}.{b16,b32,b64}             | q T T p   |
        setp.<order>.{s16,s32,s64}                          | q T T     |
        setp.<order>.{and,or,xor}.{s16,s32,s64}             | q T T p   |
        setp.{<order>,lo,ls,hi,hs}.{u16,u32,u64}            | q T T     |
        setp.{<order>,lo,ls,hi,hs}.{and,or,xor}.{u16,u32,u64} | q T T p |
        setp.<number>[.ftz].f32                             | q T T     |
        setp.<number>.{and,or,xor}[.ftz].f32                | q T T p   |
        setp.<number>.f64                                   | q T T     | 1.0 13
        setp.<number>.{and,or,xor}.f64                      | q T T p   | 1.0 13
        setp.<number>[.ftz].<half>                          | q T T     | 4.2 53
        setp.<number>.{and,or,xor}[.ftz].<half>             | q T T p   | 4.2 53
        setp.<number>.<bhalf>                               | q T T     | 7.8 90
        setp.<number>.{and,or,xor}.<bhalf>                  | q T T p   | 7.8 90
        set.<equal>.{u32,s32,f32}.{b16,b32,b64}             | T U U     |
        set.<equal>.{and,or,xor}.{u32,s32,f32}.{b16,b32,b64} | T U U p  |
        set.<order>.{u32,s32,f32}.{s16,s32,s64}             | T U U     |
        set.<order>.{and,or,xor}.{u32,s32,f32}.{s16,s32,s64} | T U U p  |
        set.{<order>,lo,ls,hi,hs}.{u32,s32,f32}.{u16,u32,u64} | T U U   |
        set.{<order>,lo,ls,hi,hs}.{and,or,xor}.{u32,s32,f32}.{u16,u32,u64} | T U U p |
        set.<number>[.ftz].{u32,s32,f32}.f32                | T U U     |
        set.<number>.{and,or,xor}[.ftz].{u32,s32,f32}.f32   | T U U p   |
        set.<number>.{u32,s32,f32}.f64                      | T U U     | 1.0 13
        set.<number>.{and,or,xor}.{u32,s32,f32}.f64         | T U U p   | 1.0 13
        set.<number>[.ftz].f16.f16                          | T U U     | 4.2 53
        set.<number>.{and,or,xor}[.ftz].f16.f16             | T U U p   | 4.2 53
        set.<number>[.ftz].{u16,s16,u32,s32}.f16            | T U U     | 6.5 53
        set.<number>.{and,or,xor}[.ftz].{u16,s16,u32,s32}.f16 | T U U p | 6.5 53
        set.<number>[.ftz].f16x2.f16x2                      | T U U     | 4.2 53
        set.<number>.{and,or,xor}[.ftz].f16x2.f16x2         | T U U p   | 4.2 53
        set.<number>.{u16,s16,u32,s32,bf16}.bf16            | T U U     | 7.8 90
        set.<number>.bf16x2.bf16x2                          | T U U     | 7.8 90
        selp.{b16,b32,b64,u16,u32,u64,s16,s32,s64,f32,f64}  | T T T p   |
        slct.{b16,b32,b64,u16,u32,u64,s16,s32,s64,f32,f64}.s32 | T T T s32 |
        slct[.ftz].{b16,b32,b64,u16,u32,u64,s16,s32,s64,f32,f64}.f32 | T T T f32 |

        # Bytes, halves and words with a second step.
        <then>   = [.{add,min,max}]
        {vadd,vsub,vabsdiff,vmin,vmax}.<word>.<word>.<word>[.sat]<then> | * | 2.0 20
        {vshl,vshr}.<word>.<word>.u32[.sat].{clamp,wrap}<then> | *      | 2.0 20
        vmad.<word>.<word>.<word>[.po][.sat][.{shr7,shr15}] | *         | 2.0 20
        vset.<word>.<word>.<order><then>                    | *         | 2.0 20
        {vadd2,vsub2,vavrg2,vabsdiff2,vmin2,vmax2}.<word>.<word>.<word>[.{sat,add}] | * | 3.0 30
        {vadd4,vsub4,vavrg4,vabsdiff4,vmin4,vmax4}.<word>.<word>.<word>[.{sat,add}] | * | 3.0 30
        {vset2,vset4}.<word>.<word>.<order>[.add]           | *         | 3.0 30

        # Moves and conversions.
        mov.{pred,b16,b32,b64,u16,u32,u64,s16,s32,s64,f32,f64} | *      |
        cvta[.to].{global,shared,local,const}.{u32,u64}     | *         | 2.0 20
        cvta[.to].{shared::cta,shared::cluster}.{u32,u64}   | *         | 7.8 30
        cvta[.to].param.{u32,u64}                           | *         | 7.7 70
        isspacep.{global,shared,local}                      | *         | 2.0 20
        isspacep.const                                      | *         | 3.1 20
        isspacep.{shared::cta,shared::cluster}              | *         | 7.8 30
        isspacep.param                                      | *         | 7.7 70
        cvt.<int8>.<int8>                                   | *         |
        cvt.sat.{s8.u8,{u8,s8,s16}.u16,{u8,s8,u16,s16,s32}.u32,{u8,s8,u16,s16,u32,s32,s64}.u64} | * |
        cvt.sat.{{u8,u16,u32,u64}.s8,{s8,u8,u16,u32,u64}.s16,{s8,u8,s16,u16,u32,u64}.s32,{s8,u8,s16,u16,s32,u32,u64}.s64} | * |
        cvt.<rnd>[.ftz][.sat].f32.<int8>                    | *         |
        cvt.<rnd>[.sat].f64.<int8>                          | *         | 1.0 13
        cvt.<rnd>[.sat].f16.<int8>                          | *         |
        cvt.<rndi>[.ftz][.sat].<int8>.f32                   | *         |
        cvt.<rndi>[.sat].<int8>.f64                         | *         | 1.0 13
        cvt.<rndi>[.sat].<int8>.f16                         | *         |
        cvt[.<rndi>][.ftz][.sat].f32.f32                    | *         |
        cvt[.<rndi>][.sat].f64.f64                          | *         | 1.0 13
        cvt[.<rndi>][.sat].f16.f16                          | *         |
        cvt[.ftz][.sat].f32.f16                             | *         |
        cvt[.sat].f64.f16                                   | *         | 1.0 13
        cvt[.ftz][.sat].f64.f32                             | *         | 1.0 13
        cvt.<rnd>[.ftz][.sat].f32.f64                       | *         | 1.0 13
        cvt.<rnd>[.ftz][.sat].f16.f32                       | *         |
        cvt.<rnd>[.sat].f16.f64                             | *         | 1.0 13
        cvt.<rnd>.bf16.f32                                  | *         | 7.0 80
        cvt.{rn,rz}.relu.{f16,bf16}.f32                     | *         | 7.0 80
        cvt.rn[.relu].satfinite.{f16,bf16}.f32              | *         | 8.1 80
        cvt.rz[.relu].satfinite.{f16,bf16}.f32              | *         | 8.1 80
        cvt.{rn,rz}[.relu].{f16x2,bf16x2}.f32               | *         | 7.0 80
        cvt.{rn,rz}[.relu].satfinite.{f16x2,bf16x2}.f32     | *         | 8.1 80
        cvt.f32.bf16                                        | *         | 7.1 80
        cvt.<rnd>.bf16.<int>                                | *         | 7.8 90
        cvt.<rndi>.<int>.bf16                               | *         | 7.8 90
        cvt.<rnd>.bf16.{f16,f64}                            | *         | 7.8 90
        cvt[.<rndi>].bf16.bf16                              | *         | 7.8 90
        cvt.<rnd>.f16.bf16                                  | *         | 7.8 90
        cvt.f64.bf16                                        | *         | 7.8 90
        cvt.rna.tf32.f32                                    | *         | 7.0 80
        cvt.rna.satfinite.tf32.f32                          | *         | 8.1 80
        cvt.{rn,rz}[.relu].tf32.f32                         | *         | 7.8 90
        cvt.rn.satfinite[.relu].{e4m3x2,e5m2x2}.f32         | *         | 7.8 89
        cvt.rn.satfinite[.relu].{e4m3x2,e5m2x2}.f16x2       | *         | 7.8 89
        cvt.rn[.relu].f16x2.{e4m3x2,e5m2x2}                 | *         | 7.8 89

        # Memory.
        <data>   = {b8,b16,b32,b64,u8,u16,u32,u64,s8,s16,s32,s64,f32,f64}
        <read>   = {global,shared,shared::cta,local,const,param,param::entry,param::func}
        <write>  = {global,shared,shared::cta,local,param,param::func}
        <evict>  = {L1::evict_normal,L1::evict_unchanged,L1::evict_first,L1::evict_last,L1::no_allocate}
        <fetch>  = {L2::64B,L2::128B,L2::256B}
        ld[.weak][.<read>][.{ca,cg,cs,lu,cv}][.{v2,v4}].<data> | *      |
        ld[.weak][.global][.{ca,cg,cs,lu,cv}].<fetch>[.{v2,v4}].<data> | * | 7.4 75
        ld[.weak][.global][.{ca,cg,cs,lu,cv}].L2::cache_hint[.<fetch>][.{v2,v4}].<data> | * | 7.4 80
        ld[.weak][.global].<evict>[.<fetch>][.{v2,v4}].<data> | *       | 7.4 70
        ld[.weak][.global].<evict>.L2::cache_hint[.<fetch>][.{v2,v4}].<data> | * | 7.4 80
        ld.volatile[.{global,shared,shared::cta}][.{v2,v4}].<data> | *  |
        ld.{relaxed,acquire}.<scope>[.{global,shared,shared::cta}][.{v2,v4}].<data> | * | 6.0 70
        ld.{relaxed,acquire}.<scope>[.global][.<evict>][.<fetch>][.{v2,v4}].<data> | * | 7.4 75
        ld.{relaxed,acquire}.<scope>[.global][.<evict>].L2::cache_hint[.<fetch>][.{v2,v4}].<data> | * | 7.4 80
        ld.global[.{ca,cg,cs}].nc[.{v2,v4}].<data>          | *         | 3.1 32
        ld.global[.{ca,cg,cs}].nc.<fetch>[.{v2,v4}].<data>  | *         | 7.4 75
        ld.global[.{ca,cg,cs}].nc.L2::cache_hint[.<fetch>][.{v2,v4}].<data> | * | 7.4 80
        ld.global.nc.<evict>[.<fetch>][.{v2,v4}].<data>     | *         | 7.4 75
        ld.global.nc.<evict>.L2::cache_hint[.<fetch>][.{v2,v4}].<data> | * | 7.4 80
        ldu[.global][.{v2,v4}].<data>                       | *         | 2.0 20
        st[.weak][.<write>][.{wb,cg,cs,wt}][.{v2,v4}].<data> | *        |
        st[.weak][.global][.{wb,cg,cs,wt}].L2::cache_hint[.{v2,v4}].<data> | * | 7.4 80
        st[.weak][.global].<evict>[.{v2,v4}].<data>         | *         | 7.4 70
        st[.weak][.global].<evict>.L2::cache_hint[.{v2,v4}].<data> | *  | 7.4 80
        st.volatile[.{global,shared,shared::cta}][.{v2,v4}].<data> | * |
        st.{relaxed,release}.<scope>[.{global,shared,shared::cta}][.{v2,v4}].<data> | * | 6.0 70
        st.{relaxed,release}.<scope>[.global].<evict>[.{v2,v4}].<data> | * | 7.4 75
        st.{relaxed,release}.<scope>[.global][.<evict>].L2::cache_hint[.{v2,v4}].<data> | * | 7.4 80
        <order4> = [.{relaxed,acquire,release,acq_rel}][.<scope>]
        <order2> = [.{relaxed,release}][.<scope>]
        <at>     = [.{global,shared,shared::cta}]
        <hint>   = L2::cache_hint
        <update> = {{and,or,xor}.{b32,b64},add.{u32,s32,u64},{inc,dec}.u32,{min,max}.{u32,s32,u64,s64}}
        <hinted> = {{and,or,xor}.<hint>.{b32,b64},add.<hint>.{u32,s32,u64},{inc,dec}.<hint>.u32,{min,max}.<hint>.{u32,s32,u64,s64}}
        atom<order4><at>.{<update>,exch.{b32,b64},cas.{b32,b64}} | *    | 3.1 32
        atom<order4>[.global].{<hinted>,exch.<hint>.{b32,b64}} | * | 7.4 80
        atom<order4><at>.add.f32                            | *         | 3.1 32
        atom<order4><at>.add.f64                            | *         | 5.0 60
        atom<order4>[.global].add.<hint>.{f32,f64}          | *         | 7.4 80
        atom<order4><at>.cas.b16                            | *         | 6.3 70
        atom<order4><at>.add.noftz.f16x2                    | *         | 6.2 60
        atom<order4><at>.add.noftz.f16                      | *         | 6.3 70
        atom<order4>[.global].add.noftz.<hint>.{f16,f16x2}  | *         | 7.4 80
        atom<order4><at>.add.noftz.<bhalf>                  | *         | 7.8 90
        atom<order4>[.global].add.noftz.<hint>.<bhalf>      | *         | 7.8 90
        atom<order4>.global.add[.<hint>].{v2,v4}.f32        | *         | 8.1 90
        red<order2><at>.<update>                            | *         | 3.1 32
        red<order2>[.global].<hinted>                       | *         | 7.4 80
        red<order2><at>.add.f32                             | *         | 3.1 32
        red<order2><at>.add.f64                             | *         | 5.0 60
        red<order2>[.global].add.<hint>.{f32,f64}           | *         | 7.4 80
        red<order2><at>.add.noftz.f16x2                     | *         | 6.2 60
        red<order2><at>.add.noftz.f16                       | *         | 6.3 70
        red<order2>[.global].add.noftz.<hint>.{f16,f16x2}   | *         | 7.4 80
        red<order2><at>.add.noftz.<bhalf>                   | *         | 7.8 90
        red<order2>[.global].add.noftz.<hint>.<bhalf>       | *         | 7.8 90
        red<order2>.global.add[.<hint>].{v2,v4}.f32         | *         | 8.1 90
        prefetch[.{global,local}].{L1,L2}                   | *         | 2.0 20
        prefetch.global.{L2::evict_last,L2::evict_normal}   | *         | 7.4 80
        prefetchu.L1                                        | *         | 2.0 20
        applypriority[.global].L2::evict_normal             | *         | 7.4 80
        discard[.global].L2                                 | *         | 7.4 80
        createpolicy.fractional.{L2::evict_last,L2::evict_normal,L2::evict_first,L2::evict_unchanged}[.{L2::evict_first,L2::evict_unchanged}].b64 | * | 7.4 80
        ldmatrix.sync.aligned.m8n8.{x1,x2,x4}[.trans][.{shared,shared::cta}].b16 | * | 6.5 75
        stmatrix.sync.aligned.m8n8.{x1,x2,x4}[.trans][.{shared,shared::cta}].b16 | * | 7.8 90
        movmatrix.sync.aligned.m8n8.trans.b16               | b32 b32   | 7.8 75

        # Matrix products.
        mma.sync.aligned.m16n8k8.row.col.{f16.f16.f16.f16,f32.f16.f16.f32} | * | 6.5 75
        mma.sync.aligned.m16n8k16.row.col.{f16.f16.f16.f16,f32.f16.f16.f32} | * | 7.0 80
        mma.sync.aligned.{m16n8k8,m16n8k16}.row.col.f32.bf16.bf16.f32 | * | 7.0 80
        mma.sync.aligned.{m16n8k4,m16n8k8}.row.col.f32.tf32.tf32.f32 | * | 7.0 80
        mma.sync.aligned.{m16n8k16,m16n8k32}.row.col[.satfinite].s32.{u8,s8}.{u8,s8}.s32 | * | 7.0 80
        mma.sync.aligned.m16n8k32.row.col.f32.{e4m3,e5m2}.{e4m3,e5m2}.f32 | * | 8.4 89

        # Among the lanes of a warp.
        shfl.sync.{up,down,bfly,idx}.b32                    | *         | 6.0 30
        vote.sync.{all,any,uni}.pred                        | *         | 6.0 30
        vote.sync.ballot.b32                                | *         | 6.0 30
        match.{any,all}.sync.{b32,b64}                      | *         | 6.0 70
        redux.sync.{add,min,max}.{u32,s32}                  | *         | 7.0 80
        redux.sync.{and,or,xor}.b32                         | *         | 7.0 80
        activemask.b32                                      | *         | 6.2 30

        membar.{cta,gl,sys}                                 | *         |
        fence[.{sc,acq_rel}].{cta,gpu,sys}                  | *         | 6.0 70
        fence[.{sc,acq_rel}].cluster                        | *         | 7.8 90

        bar.{sync,arrive}                                   | *         | 2.0
        bar.red.{popc.u32,{and,or}.pred}                    | *         | 2.0 20
        bar.cta.{sync,arrive,red.{popc.u32,{and,or}.pred}}  | *         | 7.8 30
        bar.warp.sync                                       | *         | 6.0 30

        # Control.
        bra[.uni]                                           | *         |
        brx.idx[.uni]                                       | *         | 6.0 30
        call[.uni]                                          | *         |
        ret[.uni]                                           |           |
        {exit,trap,brkpt}                                   |           |
        nanosleep.u32                                       | *         | 6.3 70
        """;
}
